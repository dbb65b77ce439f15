//! Orders that arrived, as lines of JSON: counted, and known by their numbers.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// How each line begins.
const BEGIN: &[u8] = b"{\"id\":";

/// Orders that arrived, from number 0 on and each once if all is well, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    orders: u64,
    /// The sum of their numbers.
    numbers: u64,
    /// Lines that are no orders.
    strangers: u64,
    /// The beginning of a line whose end has not come yet.
    rest: Vec<u8>,
}

impl Tally {
    /// Takes bytes that may end anywhere within a line. Says how many empty lines were among them,
    /// which are no orders and count for nothing else.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> usize {
        let mut empty = 0;
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, behind) = (&bytes[..end], &bytes[end + 1..]);
            bytes = behind;
            if self.rest.is_empty() {
                empty += usize::from(line.is_empty());
                self.line(line);
            } else {
                let mut whole = std::mem::take(&mut self.rest);
                whole.extend_from_slice(line);
                self.line(&whole);
            }
        }
        self.rest.extend_from_slice(bytes);
        empty
    }

    fn line(&mut self, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        match number(line) {
            Some(number) => {
                self.orders += 1;
                self.numbers = self.numbers.wrapping_add(number);
            }
            None => self.strangers += 1,
        }
    }

    /// Adds what another has.
    pub(crate) fn add(&mut self, other: &Self) {
        self.orders += other.orders;
        self.numbers = self.numbers.wrapping_add(other.numbers);
        self.strangers += other.strangers + u64::from(!other.rest.is_empty());
    }

    /// How many there are.
    pub(crate) fn orders(&self) -> u64 {
        self.orders
    }

    /// Fails unless it is so many orders, each of them once; the error says who brought them.
    pub(crate) fn ensure(&self, who: &str, records: u64) -> Result<()> {
        let numbers = (0..records).fold(0_u64, u64::wrapping_add);
        ensure!(
            (self.orders, self.numbers, self.strangers) == (records, numbers, 0)
                && self.rest.is_empty(),
            "{who} had to bring {records} orders, each once: there are {}, whose numbers make {} \
             instead of {numbers}, {} lines of something else, and {} bytes of an unfinished line",
            self.orders,
            self.numbers,
            self.strangers,
            self.rest.len()
        );
        Ok(())
    }

    /// Leaves it in a file for another process.
    pub(crate) fn leave(&self, path: &Path) -> Result<()> {
        let strangers = self.strangers + u64::from(!self.rest.is_empty());
        fs::write(path, format!("{} {} {strangers}", self.orders, self.numbers))?;
        Ok(())
    }

    /// Takes it from a file, which is deleted.
    pub(crate) fn take(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).context("nothing was counted")?;
        fs::remove_file(path)?;
        let mut numbers = text.split(' ').map(str::parse);
        let mut next = || numbers.next().context("the count is not whole");
        Ok(Self { orders: next()??, numbers: next()??, strangers: next()??, rest: Vec::new() })
    }
}

/// The number of an order.
fn number(line: &[u8]) -> Option<u64> {
    let digits = line.strip_prefix(BEGIN)?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input;

    #[test]
    fn orders_are_counted_however_they_are_cut() {
        let lines: Vec<u8> = (0..100).flat_map(input::order).chain(*b"\n").collect();
        for step in [1, 7, 4096] {
            let mut tally = Tally::default();
            let empty: usize = lines.chunks(step).map(|piece| tally.push(piece)).sum();
            assert_eq!(empty, 1, "in pieces of {step}");
            tally.ensure("it", 100).unwrap();
        }
    }

    #[test]
    fn what_is_missing_double_or_foreign_is_noticed() {
        let tally = |numbers: &[u64], end: &[u8]| {
            let mut tally = Tally::default();
            numbers.iter().for_each(|number| {
                tally.push(&input::order(*number));
            });
            tally.push(end);
            tally
        };
        tally(&[2, 0, 1], b"").ensure("it", 3).unwrap();
        for (numbers, end) in
            [(&[0, 1][..], &b""[..]), (&[0, 1, 1], b""), (&[0, 1, 2], b"x\n"), (&[0, 1, 2], b"x")]
        {
            assert!(tally(numbers, end).ensure("it", 3).is_err(), "{numbers:?} {end:?}");
        }
    }

    #[test]
    fn a_count_is_left_for_another_process() {
        let file = tempfile::tempdir().unwrap();
        let path = file.path().join("tally");
        let mut tally = Tally::default();
        tally.push(&input::order(7));
        tally.leave(&path).unwrap();
        assert_eq!(Tally::take(&path).unwrap(), tally);
        assert!(Tally::take(&path).is_err());
    }
}
