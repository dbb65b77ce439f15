//! Lines over TCP to a socket source that acknowledges.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};

use crate::record::Record;
use crate::sender::Client;

/// Sends records as lines of JSON; the answers are lines `ack N`, where `N` counts the records
/// that are safe of all that this connection sent.
#[derive(Debug)]
pub struct LineClient {
    stream: BufReader<TcpStream>,
    sent: u64,
}

impl Client for LineClient {
    fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Self::PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), sent: 0 })
    }

    fn send(&mut self, records: &[Record]) -> io::Result<bool> {
        let lines: String = records.iter().map(|record| record.line() + "\n").collect();
        self.stream.get_mut().write_all(lines.as_bytes())?;
        self.sent += records.len() as u64;
        wait_for(&mut self.stream, self.sent)?;
        Ok(true)
    }
}

/// Reads answers until as many records as that are acknowledged.
fn wait_for(stream: &mut impl BufRead, sent: u64) -> io::Result<()> {
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let safe = line.trim_end().strip_prefix("ack ").and_then(|count| count.parse::<u64>().ok());
        match safe {
            Some(safe) if safe == sent => return Ok(()),
            Some(safe) if safe < sent => {}
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, line)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_safe_when_the_count_says_so() {
        let mut wire = &b"ack 1\nack 3\nack 4\n"[..];
        wait_for(&mut wire, 3).unwrap();
        wait_for(&mut wire, 4).unwrap();
        assert!(wait_for(&mut wire, 5).is_err());
        assert!(wait_for(&mut &b"ack 9\n"[..], 5).is_err());
        assert!(wait_for(&mut &b"sorry\n"[..], 5).is_err());
    }
}
