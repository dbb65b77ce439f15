//! Bytes divided into records: lines, or several lines that belong together.

use forebay_formats::framing::{Framed, Framing, Splitter};
use regex::bytes::Regex;

/// How much of a record that is too long is kept, in bytes.
const KEPT: usize = 4096;

/// What may be taken of what is not ended: of less, if more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    /// The file grows: neither the last line, if it is not ended, nor several lines that more may
    /// belong to.
    Growing,
    /// It was quiet for a while: lines that are ended.
    Quiet,
    /// Nothing will come: the last line, ended or not.
    Final,
}

/// Divides bytes that are pushed into it into records.
pub(crate) struct Divider {
    splitter: Splitter,
    max: usize,
    /// Lines that were divided and not taken yet.
    framed: Option<Framed>,
    next_value: usize,
    next_refused: usize,
    group: Option<Group>,
}

/// A record.
#[derive(Debug)]
pub(crate) struct Next<'a> {
    pub(crate) bytes: &'a [u8],
    /// Why it is refused, if it is.
    pub(crate) fault: Option<&'a str>,
    /// The offset just behind it, counted from the first byte that was pushed.
    pub(crate) end: u64,
}

/// Lines that belong together.
struct Group {
    start: Regex,
    open: Option<Whole>,
    ready: Option<Whole>,
    /// What is open is ended as soon as no more lines are there.
    ends: bool,
}

#[derive(Debug)]
struct Whole {
    bytes: Vec<u8>,
    fault: Option<String>,
    end: u64,
}

impl Divider {
    /// Records of at most `max` bytes; `start` fits the first line of each, if they have several.
    pub(crate) fn new(max: usize, start: Option<Regex>) -> Self {
        let group = start.map(|start| Group { start, open: None, ready: None, ends: false });
        Self {
            splitter: Splitter::new(Framing::Newline, max),
            max,
            framed: None,
            next_value: 0,
            next_refused: 0,
            group,
        }
    }

    /// Takes the next bytes; called when [`peek`](Self::peek) shows nothing. It says whether they
    /// were taken: no more than 2 GiB may wait.
    #[must_use]
    pub(crate) fn push(&mut self, bytes: &[u8]) -> bool {
        self.splitter.push(bytes)
    }

    /// Bytes of a line that is not ended.
    pub(crate) fn partial_bytes(&self) -> usize {
        self.splitter.partial_bytes()
    }

    /// No more bytes will come: what is left may become records.
    pub(crate) fn end(&mut self, ending: Ending) {
        if ending == Ending::Final {
            self.splitter.finish();
        }
        if ending > Ending::Growing
            && let Some(group) = &mut self.group
        {
            group.ends = true;
        }
    }

    /// The next record, if one is divided.
    pub(crate) fn peek(&mut self) -> Option<Next<'_>> {
        if self.group.is_some() {
            self.gather();
            let ready = self.group.as_ref()?.ready.as_ref()?;
            return Some(Next {
                bytes: &ready.bytes,
                fault: ready.fault.as_deref(),
                end: ready.end,
            });
        }
        self.line()
    }

    /// Moves behind the record that [`peek`](Self::peek) shows.
    pub(crate) fn advance(&mut self) {
        match &mut self.group {
            Some(group) => group.ready = None,
            None => self.advance_line(),
        }
    }

    /// Gathers lines until a record is whole.
    fn gather(&mut self) {
        let Some(mut group) = self.group.take() else { return };
        while group.ready.is_none() {
            let Some(line) = self.line() else {
                if group.ends {
                    group.ready = group.open.take();
                }
                break;
            };
            let begins = group.start.is_match(line.bytes);
            match &mut group.open {
                Some(_) if begins => group.ready = group.open.take(),
                open => {
                    let Next { bytes, fault, end } = line;
                    match open {
                        Some(whole) => whole.add(bytes, fault),
                        None => *open = Some(Whole::new(bytes, fault)),
                    }
                    if let Some(whole) = open {
                        whole.end = end;
                    }
                    self.bound(&mut group);
                    self.advance_line();
                }
            }
        }
        self.group = Some(group);
    }

    /// Refuses what is open if it became too long, and forgets what is not kept of it.
    fn bound(&self, group: &mut Group) {
        let Some(open) = &mut group.open else { return };
        if open.bytes.len() > self.max && open.fault.is_none() {
            open.fault = Some(format!("the record has more than {} bytes", self.max));
        }
        if open.fault.is_some() {
            open.bytes.truncate(KEPT);
        }
    }

    /// The next line, if one is divided.
    fn line(&mut self) -> Option<Next<'_>> {
        if self.framed.is_none() {
            if self.splitter.is_empty() {
                return None;
            }
            self.framed = Some(self.splitter.take());
        }
        let framed = self.framed.as_ref()?;
        if let Some(refusal) = framed.refused.get(self.next_refused)
            && refusal.before <= self.next_value
        {
            let fault = Some(refusal.reason.text.as_str());
            return Some(Next { bytes: &refusal.bytes, fault, end: refusal.end });
        }
        let end = *framed.ends.get(self.next_value)?;
        Some(Next { bytes: framed.values.value(self.next_value), fault: None, end })
    }

    fn advance_line(&mut self) {
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
}

impl Whole {
    fn new(bytes: &[u8], fault: Option<&str>) -> Self {
        let fault = fault.map(str::to_owned);
        Self { bytes: bytes.to_vec(), fault, end: 0 }
    }

    fn add(&mut self, line: &[u8], fault: Option<&str>) {
        if self.fault.is_none() {
            self.bytes.push(b'\n');
            self.bytes.extend_from_slice(line);
            self.fault = fault.map(str::to_owned);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::bytes::Regex;

    use super::{Divider, Ending};

    /// All records of a stream that is pushed in pieces.
    fn divide(
        max: usize,
        start: Option<&str>,
        stream: &[u8],
        piece: usize,
        ending: Ending,
    ) -> Vec<(String, bool, u64)> {
        let start = start.map(|start| Regex::new(start).unwrap());
        let mut divider = Divider::new(max, start);
        let mut records = Vec::new();
        let mut take = |divider: &mut Divider| {
            while let Some(next) = divider.peek() {
                let text = String::from_utf8_lossy(next.bytes).into_owned();
                records.push((text, next.fault.is_some(), next.end));
                divider.advance();
            }
        };
        for piece in stream.chunks(piece.max(1)) {
            assert!(divider.push(piece));
            take(&mut divider);
        }
        divider.end(ending);
        take(&mut divider);
        records
    }

    #[test]
    fn lines_are_records_and_the_last_waits_for_its_end() {
        let stream = b"one\r\n\ntoo long a line\nlast";
        let growing = divide(8, None, stream, 3, Ending::Growing);
        let ends: Vec<_> = growing.iter().map(|(_, fault, end)| (*fault, *end)).collect();
        assert_eq!(ends, [(false, 5), (false, 6), (true, 22)]);
        assert_eq!(divide(8, None, stream, 3, Ending::Quiet).len(), 3);
        let last = divide(8, None, stream, 3, Ending::Final).pop();
        assert_eq!(last, Some(("last".to_owned(), false, 26)));
    }

    #[test]
    fn lines_belong_to_the_one_before_that_begins_a_record() {
        let stream = b"  tail of before\n1 error\n  at a\n  at b\n2 fine\n  half";
        let start = Some(r"^\d");
        let texts = |ending| -> Vec<String> {
            divide(100, start, stream, 7, ending).into_iter().map(|(text, ..)| text).collect()
        };
        assert_eq!(texts(Ending::Growing), ["  tail of before", "1 error\n  at a\n  at b"]);
        assert_eq!(texts(Ending::Quiet)[2..], ["2 fine"]);
        assert_eq!(texts(Ending::Final)[2..], ["2 fine\n  half"]);
    }

    #[test]
    fn a_record_of_too_many_lines_is_refused_as_one() {
        let stream = b"1 a\n23456\n789\n1 b\n123456789012\nx\n1 c\n";
        let records = divide(10, Some("^1 "), stream, 5, Ending::Quiet);
        let refused: Vec<_> = records.iter().map(|(_, fault, _)| *fault).collect();
        assert_eq!(refused, [true, true, false], "{records:?}");
        assert_eq!(records[2].2, stream.len() as u64);
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_records(
            stream in prop::collection::vec(prop::sample::select(b"1ab\r\n\n".to_vec()), 0..200),
            piece in 1_usize..20,
            max in 1_usize..12,
            grouped: bool,
            quiet: bool,
        ) {
            let start = grouped.then_some("^1");
            let ending = if quiet { Ending::Quiet } else { Ending::Final };
            let whole = divide(max, start, &stream, 1000, ending);
            prop_assert_eq!(&whole, &divide(max, start, &stream, piece, ending));
            prop_assert!(whole.windows(2).all(|pair| pair[0].2 < pair[1].2));
        }

        /// What makes a replay the same: a piece that ends where a record ends yields the same.
        #[test]
        fn a_stream_cut_behind_a_record_yields_the_same_records(
            stream in prop::collection::vec(prop::sample::select(b"1ab\n\n".to_vec()), 0..200),
            max in 1_usize..12,
            grouped: bool,
        ) {
            let start = grouped.then_some("^1");
            let whole = divide(max, start, &stream, 1000, Ending::Final);
            for (index, (_, _, end)) in whole.iter().enumerate() {
                let end = usize::try_from(*end).unwrap();
                let first = divide(max, start, &stream[..end], 1000, Ending::Final);
                prop_assert_eq!(&first[..], &whole[..=index]);
                let rest: Vec<_> = divide(max, start, &stream[end..], 1000, Ending::Final)
                    .into_iter().map(|(text, fault, at)| (text, fault, at + end as u64)).collect();
                prop_assert_eq!(&rest[..], &whole[index + 1..]);
            }
        }
    }
}
