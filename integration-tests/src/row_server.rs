//! As much of an HTTP/1.1 server as takes the rows that a gateway posts.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use crate::deliveries::Deliveries;

/// The header in which a gateway says which one it is.
pub const GATEWAY: &str = "x-gateway";

/// A server that takes all rows that are posted, as lines of JSON, and forgets none.
#[derive(Debug)]
pub struct RowServer {
    port: u16,
    taken: Arc<Mutex<Deliveries>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl RowServer {
    /// Listens on a free port.
    ///
    /// # Errors
    /// If there is none.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let (taken, stop) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let (shared, stopped) = (Arc::clone(&taken), Arc::clone(&stop));
        let thread = thread::spawn(move || serve(&listener, &shared, &stopped));
        Ok(Self { port, taken, stop, thread: Some(thread) })
    }

    /// Where to post to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/rows", self.port)
    }

    /// Ends it, once all who connected are gone, and says what it was given.
    ///
    /// # Errors
    /// What was wrong with a request.
    pub fn finish(mut self) -> Result<Deliveries> {
        self.end().context("the server was finished before")??;
        Ok(self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn end(&mut self) -> Option<Result<()>> {
        let thread = self.thread.take()?;
        self.stop.store(true, Ordering::Relaxed);
        // It wakes whoever waits for a connection.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        Some(thread.join().map_err(|_| anyhow!("the server panicked")).flatten())
    }
}

impl Drop for RowServer {
    fn drop(&mut self) {
        // The scenario has failed for another reason, which is the one to report.
        let _ = self.end();
    }
}

fn serve(listener: &TcpListener, taken: &Mutex<Deliveries>, stop: &AtomicBool) -> Result<()> {
    thread::scope(|scope| {
        let mut connections = Vec::new();
        loop {
            let (stream, _) = listener.accept()?;
            if stop.load(Ordering::Relaxed) {
                break;
            }
            connections.push(scope.spawn(move || take(BufReader::new(stream), taken)));
        }
        connections
            .into_iter()
            .try_for_each(|it| it.join().map_err(|_| anyhow!("a connection panicked")).flatten())
    })
}

/// Takes requests until whoever sends them is gone. A request that is not whole is none.
fn take(mut stream: BufReader<TcpStream>, taken: &Mutex<Deliveries>) -> Result<()> {
    while let Some((gateway, body)) = request(&mut stream).unwrap_or_default() {
        let rows = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let rows: Vec<Value> = rows.map(serde_json::from_slice).collect::<Result<_, _>>()?;
        taken.lock().unwrap_or_else(PoisonError::into_inner).push(gateway, rows);
        if stream.get_mut().write_all(b"HTTP/1.1 204 No Content\r\n\r\n").is_err() {
            break;
        }
    }
    Ok(())
}

/// The next request: who sends it, and its body; `None` at the end.
fn request(stream: &mut impl BufRead) -> io::Result<Option<(usize, Vec<u8>)>> {
    let (mut gateway, mut length) = (0, 0);
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        let number = || value.trim().parse().map_err(io::Error::other);
        match name.to_ascii_lowercase().as_str() {
            GATEWAY => gateway = number()?,
            "content-length" => length = number()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some((gateway, body)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expectation::Expectation;
    use crate::http_client::HttpClient;
    use crate::record::Record;
    use crate::sender::Client;

    #[test]
    fn rows_are_kept_by_who_sent_them() {
        let server = RowServer::start().unwrap();
        let mut client = HttpClient::connect(server.port).unwrap();
        let records = [Record::new("a", 1), Record::new("a", 2)];
        assert!(client.send(&records[..1]).unwrap() && client.send(&records[1..]).unwrap());
        // A request that is not whole.
        let mut broken = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).unwrap();
        broken.write_all(b"POST /rows HTTP/1.1\r\ncontent-length: 9\r\n\r\n{}").unwrap();
        drop((client, broken));
        let mut expectation = Expectation::default();
        records.iter().for_each(|record| expectation.once(record));
        server.finish().unwrap().check(&expectation, 1).unwrap();
        let mut whole = &b"POST / HTTP/1.1\r\nX-Gateway: 7\r\nContent-Length: 2\r\n\r\n{}"[..];
        assert_eq!(request(&mut whole).unwrap(), Some((7, b"{}".to_vec())));
    }
}
