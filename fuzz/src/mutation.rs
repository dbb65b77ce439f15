//! How seeds are changed.

use fastrand::Rng;

/// Texts and numbers at which parsers stumble.
const WORDS: &[&[u8]] = &[
    b"\n",
    b"\r\n",
    b"\0",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"true",
    b"-",
    b"1e309",
    b"-0.0",
    b"9223372036854775808",
    b"\\ud800",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"${",
    b"}}",
    b"'",
    b"#",
    b"=",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x80",
    b"\x01\x00\x00\x00\x00",
];

/// The longest input that is made, in bytes.
const LONGEST: usize = 16 << 10;

/// Makes inputs of seeds: the same ones for the same number.
#[derive(Debug)]
pub struct Mutation {
    seeds: Vec<Vec<u8>>,
    random: Rng,
}

impl Mutation {
    /// Inputs from these seeds.
    #[must_use]
    pub fn new(seeds: Vec<Vec<u8>>, number: u64) -> Self {
        Self { seeds, random: Rng::with_seed(number) }
    }

    /// The next input: a seed, changed in a few places.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.random.choice(&self.seeds).cloned().unwrap_or_default();
        for _ in 0..=self.random.u32(0..6) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.random.usize(0..=input.len());
        let until = self.random.usize(at..=input.len().min(at + 64));
        match self.random.u8(0..8) {
            0 if at < input.len() => input[at] ^= 1 << self.random.u8(0..8),
            1 if at < input.len() => input[at] = self.random.u8(..),
            2 => input.truncate(at),
            3 => drop(input.drain(at..until)),
            4 => {
                let word = self.random.choice(WORDS).copied().unwrap_or_default();
                input.splice(at..at, word.iter().copied());
            }
            5 => {
                let part = input[at..until].to_vec();
                for _ in 0..=self.random.u32(0..20) {
                    input.splice(at..at, part.iter().copied());
                    if input.len() > LONGEST {
                        break;
                    }
                }
            }
            6 => {
                let other = self.random.choice(&self.seeds).cloned().unwrap_or_default();
                let from = self.random.usize(0..=other.len());
                let to = self.random.usize(from..=other.len());
                input.splice(at..until, other[from..to].iter().copied());
            }
            _ => {
                let bytes = [self.random.u8(..), self.random.u8(..), self.random.u8(..)];
                input.splice(at..at, bytes);
            }
        }
    }
}
