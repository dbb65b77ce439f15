//! A sender that remembers what was acknowledged.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::expectation::Expectation;
use crate::record::Record;
use crate::wait;

/// One connection over which records are sent and acknowledged.
pub trait Client: Sized + Send {
    /// The longest that an answer may take before the connection counts as lost.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Connects to the port on the loopback address.
    ///
    /// # Errors
    /// If nobody listens.
    fn connect(port: u16) -> io::Result<Self>;

    /// Sends records and answers whether all of them were acknowledged.
    ///
    /// # Errors
    /// If the connection is lost: nobody knows then which of them arrived.
    fn send(&mut self, records: &[Record]) -> io::Result<bool>;
}

/// A thread that sends records of one lane, one group after the other, for as long as it is let.
/// Each is sent once. It connects again for ever, as a patient client does.
#[derive(Debug)]
pub struct Sender {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Expectation>>,
}

impl Sender {
    /// Begins to send.
    #[must_use]
    pub fn start<C: Client>(lane: String, port: u16) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || send::<C>(&lane, port, &stopped));
        Self { stop, thread: Some(thread) }
    }

    /// Stops, and says what the gateway owes.
    ///
    /// # Errors
    /// If the thread panicked.
    pub fn finish(mut self) -> Result<Expectation> {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().context("the sender was finished before")?;
        thread.join().map_err(|_| anyhow!("the sender panicked"))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // The scenario has failed for another reason, which is the one to report.
            let _ = thread.join();
        }
    }
}

fn send<C: Client>(lane: &str, port: u16, stop: &AtomicBool) -> Expectation {
    let mut expectation = Expectation::default();
    let mut client = None;
    let mut next = 0;
    while !stop.load(Ordering::Relaxed) {
        let Some(connected) = client.as_mut() else {
            client = C::connect(port).ok();
            if client.is_none() {
                thread::sleep(wait::PAUSE);
            }
            continue;
        };
        let many = 1 + next % 4;
        let records: Vec<Record> =
            (next..next + many).map(|number| Record::new(lane, number)).collect();
        next += many;
        let answer = connected.send(&records);
        for record in &records {
            match answer {
                Ok(true) => expectation.once(record),
                Ok(false) | Err(_) => expectation.at_most_once(record),
            }
        }
        match answer {
            Ok(true) => {}
            // Refused for now: leave it some time.
            Ok(false) => thread::sleep(wait::PAUSE),
            Err(_) => client = None,
        }
    }
    expectation
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line_client::LineClient;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    #[test]
    fn what_was_acknowledged_is_due_and_the_rest_is_in_doubt() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let sender = Sender::start::<LineClient>("a".to_owned(), port);
        // The first group, one record, is acknowledged; then the server goes away.
        let (stream, _) = listener.accept().unwrap();
        drop(listener);
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        stream.get_mut().write_all(b"ack 1\n").unwrap();
        stream.read_line(&mut line).unwrap();
        drop(stream);
        let expectation = sender.finish().unwrap();
        assert_eq!(expectation.due(), 1);
        let (acknowledged, doubtful) = (Record::new("a", 0).value(), Record::new("a", 1).value());
        let compare = |values: Vec<serde_json::Value>| {
            expectation.compare(&[("f".into(), values)], crate::record::identity).clean()
        };
        compare(vec![acknowledged.clone()]).unwrap();
        compare(vec![acknowledged.clone(), doubtful.clone()]).unwrap();
        assert!(compare(vec![doubtful]).is_err());
        assert!(compare(vec![acknowledged.clone(), acknowledged]).is_err());
    }
}
