//! Batches of a thousand events of Flume to files.

use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use forebay_flume_source::testing::{Agent, Status, batch, event};

use super::receiving::Receiving;
use crate::input;
use crate::options::Options;

/// Events in each batch.
const EVENTS: u64 = 1_000;

pub(crate) fn run(options: &Options) -> Result<()> {
    Receiving {
        what: "flume, 1000 events of 256 bytes a batch",
        source: |port| format!("type = \"flume\"\nlisten = \"127.0.0.1:{port}\""),
        reference: "flume-text",
        senders: 8,
        send,
    }
    .run(options)
}

fn send(connection: TcpStream, records: u64) -> Result<()> {
    connection.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // The end of a line is added by whoever writes it.
        let body = |number| input::line(number)[..input::LINE_BYTES - 1].to_vec();
        let events: Vec<_> =
            (0..EVENTS).map(|number| event(&[("host", "n1")], &body(number))).collect();
        let whole = batch(&events);
        let mut agent = Agent::new(tokio::net::TcpStream::from_std(connection)?);
        let mut left = records;
        while left > 0 {
            let now = left.min(EVENTS);
            let answer = match now {
                EVENTS => agent.append_encoded(&whole).await,
                rest => agent.append_batch(&events[..usize::try_from(rest)?]).await,
            };
            match answer {
                Ok(Status::Ok) => left -= now,
                // Pressure is passed on: the same again, after a moment.
                Ok(Status::Failed) => tokio::time::sleep(Duration::from_millis(20)).await,
                Ok(Status::Error(text)) => bail!("the answer was {text}"),
                Err(error) => ensure!(false, "the connection was lost: {error}"),
            }
        }
        Ok(())
    })
}
