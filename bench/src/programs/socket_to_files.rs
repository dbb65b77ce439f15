//! Lines from TCP to files.

use std::io::{BufWriter, Write};
use std::net::TcpStream;

use anyhow::Result;

use super::receiving::Receiving;
use crate::input::{self, LINE_BYTES};
use crate::options::Options;

pub(crate) fn run(options: &Options) -> Result<()> {
    Receiving {
        what: "socket, 256-byte lines",
        source: |port| format!("type = \"socket\"\nlisten = \"tcp://127.0.0.1:{port}\""),
        reference: "socket-text",
        senders: 2,
        send,
    }
    .run(options)
}

fn send(connection: TcpStream, records: u64) -> Result<()> {
    // A thousand different lines, made before: sending must not be what is measured.
    let lines: Vec<u8> = (0..1_000).flat_map(input::line).collect();
    let mut connection = BufWriter::with_capacity(1 << 16, connection);
    let mut left = records;
    while left > 0 {
        let now = usize::try_from(left.min(1_000)).unwrap_or(1_000);
        connection.write_all(&lines[..now * LINE_BYTES])?;
        left -= now as u64;
    }
    Ok(connection.flush()?)
}
