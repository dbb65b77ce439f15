//! Records with their length before them.

use forebay_core::dead_letter::Reason;

use super::framed::{Gathered, oversize};

/// Where in a frame the stream stands.
#[derive(Debug)]
pub(super) enum Frames {
    /// Within the length: the bytes so far, and how many there are.
    Length([u8; 4], usize),
    /// Within the record: how many bytes it has, and how many are still to come.
    Body(u32, u32),
}

impl Default for Frames {
    fn default() -> Self {
        Self::Length([0; 4], 0)
    }
}

impl Frames {
    /// Takes bytes that begin at an offset of the stream.
    pub(super) fn push(&mut self, bytes: &[u8], offset: u64, max: usize, out: &mut Gathered) {
        let mut rest = bytes;
        loop {
            match self {
                Self::Length(length, have) => {
                    let take = (4 - *have).min(rest.len());
                    length[*have..*have + take].copy_from_slice(&rest[..take]);
                    rest = &rest[take..];
                    *have += take;
                    if *have < 4 {
                        return;
                    }
                    let length = u32::from_be_bytes(*length);
                    *self = Self::Body(length, length);
                }
                Self::Body(length, missing) => {
                    let take = (*missing as usize).min(rest.len());
                    let fits = *length as usize <= max;
                    out.extend(&rest[..take]);
                    if !fits {
                        out.shorten();
                    }
                    rest = &rest[take..];
                    *missing = missing.saturating_sub(u32::try_from(take).unwrap_or(u32::MAX));
                    if *missing > 0 {
                        return;
                    }
                    let end = offset + (bytes.len() - rest.len()) as u64;
                    if fits {
                        out.finish_record(0, end);
                    } else {
                        let length = u64::from(*length);
                        out.refuse(length, end, oversize(length, max));
                    }
                    *self = Self::default();
                }
            }
        }
    }

    /// Refuses the oversize frame that goes by, if there is one.
    pub(super) fn give_up_oversize(&mut self, end: u64, max: usize, out: &mut Gathered) -> bool {
        match self {
            Self::Body(length, _) if *length as usize > max => {
                let length = u64::from(*length);
                out.refuse(length, end, oversize(length, max));
                *self = Self::default();
                true
            }
            _ => false,
        }
    }

    /// The stream ends: an unfinished frame is refused.
    pub(super) fn finish(&mut self, end: u64, out: &mut Gathered) {
        let text = match std::mem::take(self) {
            Self::Length(_, 0) => return,
            Self::Length(_, have) => format!("the stream ends after {have} of 4 bytes of a length"),
            Self::Body(length, missing) => {
                format!("the stream ends {missing} bytes before the end of a record of {length}")
            }
        };
        let length = out.partial().len() as u64;
        out.refuse(length, end, Reason::new("truncated", text));
    }
}
