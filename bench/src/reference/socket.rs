//! Lines from TCP to files: until it is told to stop.

use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::Result;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::TcpListener;

use super::gathered::Gathered;

pub(crate) fn run(port: u16, to: &Path, log: Option<&Path>) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let gathered = Gathered::new(log)?;
        let accepting = gathered.clone();
        let accept = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // It ends with its connection, or with the process.
                tokio::spawn(take_lines(stream, accepting.clone()));
            }
        });
        let outcome = gathered.roll_until_stopped(to).await;
        accept.abort();
        outcome
    })
}

/// Takes lines until their stream ends.
pub(super) async fn take_lines(stream: impl AsyncRead + Unpin, gathered: Gathered) -> Result<()> {
    let mut stream = BufReader::with_capacity(1 << 16, stream);
    let mut lines = Vec::new();
    loop {
        // Lines are told apart, as the gateway does, and handed over as many as have come.
        let more = stream.read_until(b'\n', &mut lines).await? > 0;
        if !more || stream.buffer().is_empty() {
            std::str::from_utf8(&lines)?;
            // Nobody is answered, so nobody waits for a log.
            gathered.add(&mut lines).await?;
        }
        if !more {
            return Ok(());
        }
    }
}
