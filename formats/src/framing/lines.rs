//! Records that end with `\n` or `\r\n`.

use super::framed::{Gathered, oversize};
use forebay_core::dead_letter::Reason;

/// Where in a line the stream stands.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// While an oversize line goes by: its length so far, and whether its last byte was `\r`.
    skipping: Option<(u64, bool)>,
}

impl Lines {
    /// Takes bytes that begin at an offset of the stream.
    pub(super) fn push(&mut self, bytes: &[u8], offset: u64, max: usize, out: &mut Gathered) {
        let mut start = 0;
        for newline in memchr::memchr_iter(b'\n', bytes) {
            self.add(&bytes[start..newline], max, out);
            start = newline + 1;
            self.end_line(offset + start as u64, max, out);
        }
        self.add(&bytes[start..], max, out);
    }

    /// Adds a part of a line.
    fn add(&mut self, part: &[u8], max: usize, out: &mut Gathered) {
        let Some(last) = part.last() else { return };
        if let Some((length, carriage_return)) = &mut self.skipping {
            *length += part.len() as u64;
            *carriage_return = *last == b'\r';
            return;
        }
        let length = out.partial().len() + part.len();
        // A `\r` may turn out to belong to the line end.
        let content = length - usize::from(*last == b'\r');
        if content <= max {
            out.extend(part);
            return;
        }
        let room = (max + 1).saturating_sub(out.partial().len()).min(part.len());
        out.extend(&part[..room]);
        out.shorten();
        self.skipping = Some((length as u64, *last == b'\r'));
    }

    /// Ends the line before `end`.
    fn end_line(&mut self, end: u64, max: usize, out: &mut Gathered) {
        if let Some((length, carriage_return)) = self.skipping.take() {
            let length = length - u64::from(carriage_return);
            out.refuse(length, end, oversize(length, max));
            return;
        }
        let cut = usize::from(out.partial().ends_with(b"\r"));
        out.finish_record(cut, end);
    }

    /// The stream ends: what came after the last line end is a record too.
    pub(super) fn finish(&mut self, end: u64, max: usize, out: &mut Gathered) {
        if self.skipping.is_none() && out.partial().is_empty() {
            return;
        }
        // Without a line end, a last `\r` is an ordinary character, and may be one too many.
        if self.skipping.is_none() && out.partial().len() > max {
            let length = out.partial().len() as u64;
            out.refuse(length, end, oversize(length, max));
        } else if let Some((length, _)) = self.skipping.take() {
            out.refuse(length, end, oversize(length, max));
        } else {
            out.finish_record(0, end);
        }
    }

    /// Refuses the oversize line that goes by, if there is one.
    pub(super) fn give_up_oversize(&mut self, end: u64, max: usize, out: &mut Gathered) -> bool {
        let Some((length, _)) = self.skipping.take() else { return false };
        out.refuse(length, end, oversize(length, max));
        true
    }

    /// The unfinished line, refused as it is.
    pub(super) fn abandon(&mut self, end: u64, out: &mut Gathered) {
        let skipped = self.skipping.take();
        if skipped.is_none() && out.partial().is_empty() {
            return;
        }
        let length = skipped.map_or(out.partial().len() as u64, |(length, _)| length);
        let reason = Reason::new(
            "truncated",
            format!("the stream broke off after {length} bytes of a line"),
        );
        out.refuse(length, end, reason);
    }
}
