//! Records taken off a stream of bytes, within limits.

use std::io;
use std::time::Instant;

use forebay_formats::text_files::{Gathered, Input};

use crate::divider::{Divider, Ending};

/// Bytes that are read in one go.
const CHUNK: usize = 256 << 10;

/// Bytes of records that are taken in one go, at most: what else there is comes with the next read.
const MOST: usize = 64 << 20;

/// How much may be taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) records: u64,
    /// The first record is taken whatever its size.
    pub(crate) bytes: u64,
    /// When to come back with what there is; a replay takes all that it took before.
    pub(crate) deadline: Option<Instant>,
}

/// A stream of bytes that is divided into records, and how far it was taken.
pub(crate) struct Cutter {
    input: Input,
    divider: Divider,
    /// The position of the divider's first byte.
    base: u64,
    buffer: Vec<u8>,
    /// The stream has come to its end.
    at_end: bool,
    /// What is left was told to end.
    ended: bool,
    /// Empty records are none.
    skip_blank: bool,
    /// Everything before this is taken.
    position: u64,
    /// What went wrong when records could still be given out before.
    failed: Option<io::Error>,
}

impl Cutter {
    pub(crate) fn new(input: Input, divider: Divider, from: u64, skip_blank: bool) -> Self {
        let likely = input.end.map_or(CHUNK as u64, |end| end.saturating_sub(from));
        let size = usize::try_from(likely).unwrap_or(CHUNK).clamp(1, CHUNK);
        Self {
            at_end: input.end == Some(from),
            input,
            divider,
            base: from,
            buffer: vec![0; size],
            ended: false,
            skip_blank,
            position: from,
            failed: None,
        }
    }

    /// Everything before this is taken.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Takes records within the limits. Says whether the stream ends behind them.
    ///
    /// # Errors
    /// If the stream cannot be read, and nothing was left to take from before.
    pub(crate) fn take(&mut self, limits: &Limits, ending: Ending) -> io::Result<(Gathered, bool)> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut taken = Gathered::new();
        let from = self.position;
        let most = if limits.deadline.is_some() { MOST } else { 1 << 30 };
        loop {
            let full = taken.rows() as u64 >= limits.records || taken.size() >= most;
            let Some(next) = self.divider.peek() else {
                if self.at_end && !self.ended {
                    self.ended = true;
                    self.divider.end(ending);
                    continue;
                }
                if self.at_end {
                    return Ok((taken, true));
                }
                let late = limits.deadline.is_some_and(|deadline| Instant::now() >= deadline);
                // When full, one look further tells whether the stream ends here.
                if late || full && self.divider.partial_bytes() > 0 {
                    return Ok((taken, false));
                }
                match self.fill() {
                    Ok(()) => continue,
                    Err(error) if taken.rows() == 0 => return Err(error),
                    Err(error) => {
                        self.failed = Some(error);
                        return Ok((taken, false));
                    }
                }
            };
            let end = self.base + next.end;
            let blank = self.skip_blank && next.fault.is_none() && next.bytes.is_empty();
            let large = end - from > limits.bytes;
            if !blank && (full || large && taken.rows() > 0) {
                return Ok((taken, false));
            }
            if !blank {
                taken.push(next.bytes, self.position, next.fault);
            }
            self.position = end;
            self.divider.advance();
        }
    }

    /// Reads a chunk and divides it; called when nothing is left of the one before.
    fn fill(&mut self) -> io::Result<()> {
        if self.input.skip > 0 {
            let size = self.buffer.len();
            let part = usize::try_from(self.input.skip).unwrap_or(size).min(size);
            let read = self.input.bytes.read(&mut self.buffer[..part])?;
            if read == 0 {
                return Err(shorter("it is shorter than what was read of it before"));
            }
            self.input.skip -= read as u64;
            return Ok(());
        }
        let read = self.input.bytes.read(&mut self.buffer)?;
        self.at_end = read == 0;
        if !self.divider.push(&self.buffer[..read]) {
            return Err(io::Error::other("more than 2 GiB are waiting to be taken"));
        }
        Ok(())
    }
}

fn shorter(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}
