//! A program that takes batches of lines on its standard input, by the protocol of the sink `exec`:
//! the least that there can be, so that it is not what is measured.

use std::io::{Read, Write, stdin, stdout};
use std::path::Path;

use anyhow::Result;

use crate::tally::Tally;

/// What a pipe holds.
const BUFFER: usize = 64 << 10;

/// Counts orders until its input ends, answers each batch, and leaves the count in a file.
pub(super) fn run(count: &Path) -> Result<()> {
    let (mut input, mut output) = (stdin().lock(), stdout().lock());
    let mut tally = Tally::default();
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = input.read(&mut buffer)?;
        if read == 0 {
            return tally.leave(count);
        }
        for _ in 0..tally.push(&buffer[..read]) {
            output.write_all(b"ok\n")?;
            output.flush()?;
        }
    }
}
