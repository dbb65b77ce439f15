//! Numbered lines for an agent.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};

use crate::record::Record;
use crate::sender::Client;

/// Sends records as lines to an agent, which answers `OK` for each that is in its channel. What sends
/// them all the time is a [`Sender`](crate::Sender).
#[derive(Debug)]
pub struct Lines {
    stream: BufReader<TcpStream>,
}

impl Client for Lines {
    fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Self::PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    fn send(&mut self, records: &[Record]) -> io::Result<bool> {
        let lines: String = records.iter().map(|record| record.line() + "\n").collect();
        self.stream.get_mut().write_all(lines.as_bytes())?;
        let mut all = true;
        for _ in records {
            let mut answer = String::new();
            if self.stream.read_line(&mut answer)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            all &= answer == "OK\n";
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn every_line_has_to_be_answered_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut stream = BufReader::new(stream);
            for answer in ["OK\n", "OK\n", "OK\n", "FAILED: full\n"] {
                stream.read_line(&mut String::new()).unwrap();
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        });
        let mut lines = Lines::connect(port).unwrap();
        let records = [Record::new("a", 1), Record::new("a", 2)];
        assert!(lines.send(&records).unwrap());
        assert!(!lines.send(&records).unwrap());
        assert!(lines.send(&records).is_err());
        serving.join().unwrap();
    }
}
