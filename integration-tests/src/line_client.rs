//! Lines over TCP, each acknowledged by a line.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};

use crate::record::Record;
use crate::sender::Client;

/// Sends records as lines of JSON to a socket source that acknowledges.
#[derive(Debug)]
pub struct LineClient {
    stream: BufReader<TcpStream>,
}

impl Client for LineClient {
    fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Self::PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    fn send(&mut self, records: &[Record]) -> io::Result<bool> {
        let lines: String = records.iter().map(|record| record.line() + "\n").collect();
        self.stream.get_mut().write_all(lines.as_bytes())?;
        let mut answer = String::new();
        for _ in records {
            answer.clear();
            if self.stream.read_line(&mut answer)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if answer.trim_end() != "ok" {
                return Err(io::Error::new(io::ErrorKind::InvalidData, answer));
            }
        }
        Ok(true)
    }
}
