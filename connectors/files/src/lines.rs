//! Text, divided into lines.

use std::io;
use std::time::Instant;

use forebay_formats::framing::{Framed, Framing, Splitter};
use forebay_formats::text_files::{Gathered, Input};

/// Bytes that are read from a file in one go.
const CHUNK: usize = 256 << 10;

/// Bytes of records that are taken in one go, at most: what else there is comes with the next read.
const MOST: usize = 64 << 20;

/// How much may be taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) records: u64,
    /// The first record is taken whatever its size.
    pub(crate) bytes: u64,
    /// A position that is not to be read past.
    pub(crate) until: Option<u64>,
    /// When to come back with what there is.
    pub(crate) deadline: Option<Instant>,
}

/// An open file of lines. Its position is that of the expanded bytes.
pub(crate) struct Lines {
    input: Input,
    splitter: Splitter,
    /// The position of the splitter's first byte.
    base: u64,
    buffer: Vec<u8>,
    /// Lines that were divided and not taken yet.
    framed: Option<Framed>,
    next_value: usize,
    next_refused: usize,
    /// The end of the file has been reached by the splitter.
    at_end: bool,
    /// Empty lines are no records.
    skip_blank: bool,
    /// Everything before this is taken.
    position: u64,
    /// What went wrong when lines could still be given out before.
    failed: Option<io::Error>,
}

/// The next line that was divided.
struct Next<'a> {
    bytes: &'a [u8],
    fault: Option<&'a str>,
    end: u64,
}

impl Limits {
    fn passed(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

impl Lines {
    pub(crate) fn new(input: Input, from: u64, max_line: usize, skip_blank: bool) -> Self {
        Self {
            at_end: input.end == Some(from),
            input,
            splitter: Splitter::new(Framing::Newline, max_line),
            base: from,
            buffer: vec![0; CHUNK],
            framed: None,
            next_value: 0,
            next_refused: 0,
            skip_blank,
            position: from,
            failed: None,
        }
    }

    /// Everything before this is taken.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Takes lines within the limits. Says whether the file ends behind them.
    ///
    /// # Errors
    /// If the file cannot be read, and nothing was left to take from before.
    pub(crate) fn take(&mut self, limits: &Limits) -> io::Result<(Gathered, bool)> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut taken = Gathered::new();
        let from = self.position;
        // A replay takes all that it took before.
        let most = if limits.deadline.is_some() { MOST } else { 1 << 30 };
        loop {
            let full = taken.rows() as u64 >= limits.records || taken.size() >= most;
            let Some(next) = self.peek() else {
                if self.at_end {
                    return Ok((taken, true));
                }
                // When full, one look further tells whether the file ends here.
                let idle = full && self.splitter.partial_bytes() > 0;
                if idle || limits.passed() {
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
            let end = next.end;
            if limits.until.is_some_and(|until| end > until) {
                return Ok((taken, false));
            }
            let blank = self.skip_blank && next.fault.is_none() && next.bytes.is_empty();
            let large = end - from > limits.bytes;
            if large && taken.rows() > usize::from(blank) {
                return Ok((taken, false));
            }
            if !blank {
                if full {
                    return Ok((taken, false));
                }
                taken.push(next.bytes, self.position, next.fault);
            }
            self.advance(end);
        }
    }

    /// The next line, if one is divided.
    fn peek(&self) -> Option<Next<'_>> {
        let framed = self.framed.as_ref()?;
        if let Some(refusal) = framed.refused.get(self.next_refused)
            && refusal.before <= self.next_value
        {
            return Some(Next {
                bytes: &refusal.bytes,
                fault: Some(&refusal.reason.text),
                end: self.base + refusal.end,
            });
        }
        let end = self.base + framed.ends.get(self.next_value)?;
        Some(Next { bytes: framed.values.value(self.next_value), fault: None, end })
    }

    /// Moves behind the line that [`peek`](Self::peek) shows.
    fn advance(&mut self, end: u64) {
        self.position = end;
        let Some(framed) = &self.framed else { return };
        match framed.refused.get(self.next_refused) {
            Some(refusal) if refusal.before <= self.next_value => self.next_refused += 1,
            _ => self.next_value += 1,
        }
        if self.next_value == framed.ends.len() && self.next_refused == framed.refused.len() {
            self.framed = None;
            self.next_value = 0;
            self.next_refused = 0;
        }
    }

    /// Reads a chunk and divides it; called when nothing is left of the one before.
    fn fill(&mut self) -> io::Result<()> {
        if self.input.skip > 0 {
            let part = usize::try_from(self.input.skip).unwrap_or(CHUNK).min(CHUNK);
            let read = self.input.bytes.read(&mut self.buffer[..part])?;
            if read == 0 {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "it is shorter than what was read of it before",
                ));
            }
            self.input.skip -= read as u64;
            return Ok(());
        }
        let read = self.input.bytes.read(&mut self.buffer)?;
        let reached = self.base + self.splitter.offset() + read as u64;
        match self.input.end {
            Some(end) if read == 0 && reached < end => {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "it became shorter while it was read",
                ));
            }
            Some(end) => self.at_end = reached >= end,
            None => self.at_end = read == 0,
        }
        if !self.splitter.push(&self.buffer[..read]) {
            return Err(io::Error::other("more than 2 GiB are waiting to be taken"));
        }
        if self.at_end {
            self.splitter.finish();
        }
        if !self.splitter.is_empty() {
            self.framed = Some(self.splitter.take());
        }
        Ok(())
    }
}
