//! Batches of events from Spark sinks to files: until it is told to stop.
//!
//! There is no library for these calls; so it makes them as the gateway does.

use std::path::Path;

use anyhow::{Error, Result};
use forebay_flume_source::testing::{Puller, parts};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::gathered::Gathered;

/// The largest message, and events of a poll, as the gateway has them by default.
const MAX: usize = 64 << 20;
const EVENTS: u32 = 1_000;

pub(crate) fn run(addresses: &str, to: &Path, log: Option<&Path>) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let gathered = Gathered::new(log)?;
        // They end with the process, at the latest.
        let mut pulling = JoinSet::new();
        for address in addresses.split(',') {
            let stream = TcpStream::connect(address).await?;
            pulling.spawn(pull(stream, gathered.clone()));
        }
        gathered.roll_until_stopped(to).await
    })
}

async fn pull(stream: TcpStream, gathered: Gathered) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut puller = Puller::new(stream, MAX);
    loop {
        let pulled = puller.poll(EVENTS).await.map_err(Error::msg)?;
        let mut lines = Vec::new();
        for event in pulled.events().iter().flatten() {
            let (_, body) = parts(event).map_err(Error::msg)?;
            std::str::from_utf8(body)?;
            lines.extend_from_slice(body);
            lines.push(b'\n');
        }
        gathered.add(&mut lines).await?.safe().await?;
        puller.acknowledge(&pulled).await.map_err(Error::msg)?;
    }
}
