//! Posts of a thousand records to files.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::receiving::Receiving;
use crate::input::{self, LINE_BYTES};
use crate::options::Options;

/// Records in each post.
const RECORDS: u64 = 1_000;

pub(crate) fn run(options: &Options) -> Result<()> {
    Receiving {
        what: "http, 1000 256-byte lines a post",
        source: |port| format!("type = \"http\"\nlisten = \"127.0.0.1:{port}\""),
        reference: "http-text",
        senders: 8,
        send,
    }
    .run(options)
}

fn send(connection: TcpStream, records: u64) -> Result<()> {
    let lines: Vec<u8> = (0..RECORDS).flat_map(input::line).collect();
    let (whole, mut connection) = (request(&lines), BufReader::new(connection));
    let mut left = records;
    while left > 0 {
        let now = left.min(RECORDS);
        if now == RECORDS {
            connection.get_mut().write_all(&whole)?;
        } else {
            let rest = &lines[..usize::try_from(now)? * LINE_BYTES];
            connection.get_mut().write_all(&request(rest))?;
        }
        match answer(&mut connection)? {
            200..=299 => left -= now,
            // Pressure is passed on: the same again, after a moment.
            429 | 503 => thread::sleep(Duration::from_millis(20)),
            status => ensure!(false, "the answer was {status}"),
        }
    }
    Ok(())
}

fn request(lines: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\n\
         content-length: {}\r\n\r\n",
        lines.len()
    );
    [head.as_bytes(), lines].concat()
}

/// Reads a whole answer and gives its status.
fn answer(connection: &mut impl BufRead) -> Result<u16> {
    let mut line = String::new();
    connection.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.with_context(|| format!("`{}` is no answer", line.trim_end()))?;
    let mut length = 0;
    loop {
        line.clear();
        connection.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse()?;
            }
            Some(_) => {}
            None => break,
        }
    }
    std::io::copy(&mut connection.take(length), &mut std::io::sink())?;
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_to_their_ends() {
        let mut wire =
            &b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 429 Later\r\n\r\n"[..];
        assert_eq!(answer(&mut wire).unwrap(), 200);
        assert_eq!(answer(&mut wire).unwrap(), 429);
        assert!(answer(&mut wire).is_err());
    }
}
