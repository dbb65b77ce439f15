//! As much of an HTTP/1.1 client as the scenarios need: one connection, POST, no chunks.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use crate::record::Record;
use crate::sender::Client;
use crate::to_files::{SMALL_SEGMENTS, to_files};

/// Sends records as newline-delimited JSON with POST.
#[derive(Debug)]
pub struct HttpClient {
    stream: BufReader<TcpStream>,
}

impl Client for HttpClient {
    fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Self::PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    fn send(&mut self, records: &[Record]) -> io::Result<bool> {
        let body: String = records.iter().map(|record| record.line() + "\n").collect();
        let status = self.post("/", "application/x-ndjson", body.as_bytes())?;
        Ok((200..300).contains(&status))
    }
}

impl HttpClient {
    /// A configuration that puts what this client sends to a port into files of JSON in `out`.
    #[must_use]
    pub fn to_files(port: u16) -> String {
        let source = format!("type = \"http\"\nlisten = \"127.0.0.1:{port}\"\n{SMALL_SEGMENTS}");
        to_files("posts", &source)
    }

    /// Posts a body and answers the status.
    ///
    /// # Errors
    /// If the connection is lost, or the answer is no HTTP.
    pub fn post(&mut self, path: &str, content_type: &str, body: &[u8]) -> io::Result<u16> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {content_type}\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let request = [head.as_bytes(), body].concat();
        self.stream.get_mut().write_all(&request)?;
        read_answer(&mut self.stream)
    }
}

/// Reads a whole answer and gives its status.
fn read_answer(stream: &mut impl BufRead) -> io::Result<u16> {
    let status = read_line(stream)?;
    let status = status
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, status.clone()))?;
    let mut length = 0;
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    io::copy(&mut stream.take(length), &mut io::sink())?;
    Ok(status)
}

fn read_line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_on_one_connection_are_told_apart() {
        let mut wire = &b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyesHTTP/1.1 503 Busy\r\n\
                          retry-after: 1\r\n\r\n"[..];
        assert_eq!(read_answer(&mut wire).unwrap(), 200);
        assert_eq!(read_answer(&mut wire).unwrap(), 503);
        assert!(read_answer(&mut wire).is_err());
    }
}
