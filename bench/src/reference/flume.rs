//! Batches of events to files: until it is told to stop.
//!
//! There is no library for a server of these calls; so it reads them as the gateway does.

use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Error, Result};
use forebay_flume_source::testing::{Talk, Turn, parts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::gathered::Gathered;

/// The largest message, as the gateway has it by default.
const MAX: usize = 64 << 20;

pub(crate) fn run(port: u16, to: &Path, log: Option<&Path>) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let gathered = Gathered::new(log)?;
        let accepting = gathered.clone();
        let accept = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // It ends with its connection, or with the process.
                tokio::spawn(serve(stream, accepting.clone()));
            }
        });
        let outcome = gathered.roll_until_stopped(to).await;
        accept.abort();
        outcome
    })
}

async fn serve(mut stream: TcpStream, gathered: Gathered) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut talk = Talk::new(MAX);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        let mut bytes = &buffer[..read];
        while let Some(Turn { events, answer }) = talk.next(&mut bytes).map_err(Error::msg)? {
            let mut lines = Vec::new();
            for event in events.iter().flat_map(|events| events.iter().flatten()) {
                let (_, body) = parts(event).map_err(Error::msg)?;
                std::str::from_utf8(body)?;
                lines.extend_from_slice(body);
                lines.push(b'\n');
            }
            gathered.add(&mut lines).await?.safe().await?;
            stream.write_all(&answer).await?;
        }
    }
}
