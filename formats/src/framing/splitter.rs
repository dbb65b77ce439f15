//! The state machine that divides a stream.

use super::framed::{Framed, Gathered};
use super::frames::Frames;
use super::kind::Framing;
use super::lines::Lines;

/// Divides a stream of bytes into records.
///
/// ```
/// use forebay_formats::framing::{Framing, Splitter};
///
/// let mut splitter = Splitter::new(Framing::Newline, 1024);
/// assert!(splitter.push(b"first\r\nsec"));
/// assert!(splitter.push(b"ond\nthe re"));
/// let framed = splitter.take();
/// assert_eq!(framed.values.value(1), b"second");
/// assert_eq!(framed.ends, [7, 14]);
/// ```
#[derive(Debug)]
pub struct Splitter {
    machine: Machine,
    max: usize,
    offset: u64,
    out: Gathered,
}

#[derive(Debug)]
enum Machine {
    Lines(Lines),
    Frames(Frames),
}

impl Splitter {
    /// A splitter of records of at most `max_record` bytes, which is at most 1 GiB.
    #[must_use]
    pub fn new(framing: Framing, max_record: usize) -> Self {
        let machine = match framing {
            Framing::Newline => Machine::Lines(Lines::default()),
            Framing::Length => Machine::Frames(Frames::default()),
        };
        Self { machine, max: max_record.min(1 << 30), offset: 0, out: Gathered::new() }
    }

    /// Takes the next bytes of the stream. What it holds grows by no more than what is pushed,
    /// and what is pushed of an oversize record does not stay.
    ///
    /// [`take`](Self::take) has to be called before 2 GiB are pushed: what the offsets of one
    /// array cannot say is not taken. It returns whether the bytes were taken.
    #[must_use = "bytes that were not taken have to be pushed again after `take`"]
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        if !self.out.has_room(bytes.len()) {
            return false;
        }
        match &mut self.machine {
            Machine::Lines(lines) => lines.push(bytes, self.offset, self.max, &mut self.out),
            Machine::Frames(frames) => frames.push(bytes, self.offset, self.max, &mut self.out),
        }
        self.offset += bytes.len() as u64;
        true
    }

    /// The stream ends. A last line without a line end is a record; an unfinished frame is
    /// refused. The next byte begins a new record.
    pub fn finish(&mut self) {
        match &mut self.machine {
            Machine::Lines(lines) => lines.finish(self.offset, self.max, &mut self.out),
            Machine::Frames(frames) => frames.finish(self.offset, &mut self.out),
        }
    }

    /// The stream broke off: an unfinished record is refused, line or frame.
    pub fn abandon(&mut self) {
        match &mut self.machine {
            Machine::Lines(lines) => lines.abandon(self.offset, &mut self.out),
            Machine::Frames(frames) => frames.finish(self.offset, &mut self.out),
        }
    }

    /// If an oversize record is going by, refuses it as far as it is known, without waiting for
    /// its end, and says so. The next byte begins a new record: this is for streams that are
    /// given up.
    pub fn give_up_oversize(&mut self) -> bool {
        match &mut self.machine {
            Machine::Lines(lines) => lines.give_up_oversize(self.offset, self.max, &mut self.out),
            Machine::Frames(frames) => {
                frames.give_up_oversize(self.offset, self.max, &mut self.out)
            }
        }
    }

    /// How many records are finished and not yet taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether there is neither a finished record nor a refused one to take.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// How many bytes the finished records hold, and what is kept of refused ones.
    #[must_use]
    pub fn finished_bytes(&self) -> usize {
        self.out.finished_bytes()
    }

    /// How many bytes of the unfinished record are held.
    #[must_use]
    pub fn partial_bytes(&self) -> usize {
        self.out.partial().len()
    }

    /// How many bytes were pushed in all.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes out all records that are finished, without copying them; the unfinished one stays.
    pub fn take(&mut self) -> Framed {
        self.out.take()
    }
}
