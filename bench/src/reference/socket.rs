//! Lines from TCP to files, without a journal: until it is told to stop.

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::output::Staged;

/// How often what came in is synced and made visible: as often as the gateway is told to.
pub(super) const ROLL: Duration = Duration::from_millis(200);

/// What came in since the last roll. Taken whole, so that the lock is short.
pub(super) type Gathered = Arc<Mutex<Vec<u8>>>;

pub(crate) fn run(port: u16, to: &Path) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let gathered = Gathered::default();
        let accepting = Arc::clone(&gathered);
        let accept = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // It ends with its connection, or with the process.
                tokio::spawn(take_lines(stream, Arc::clone(&accepting)));
            }
        });
        let outcome = roll_until_stopped(&gathered, to).await;
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
            hand_over(&gathered, &mut lines)?;
        }
        if !more {
            return Ok(());
        }
    }
}

/// Adds lines to what was gathered.
pub(super) fn hand_over(gathered: &Gathered, lines: &mut Vec<u8>) -> Result<()> {
    let mut gathered = gathered.lock().ok().context("a task panicked")?;
    gathered.append(lines);
    Ok(())
}

/// Writes what was gathered, file after file, until the process is told to stop.
pub(super) async fn roll_until_stopped(gathered: &Gathered, to: &Path) -> Result<()> {
    let mut stop = signal(SignalKind::terminate())?;
    let mut ticks = tokio::time::interval(ROLL);
    let mut number = 0;
    loop {
        let last = tokio::select! {
            _ = ticks.tick() => false,
            _ = stop.recv() => true,
        };
        let lines = std::mem::take(&mut *gathered.lock().ok().context("a task panicked")?);
        if !lines.is_empty() {
            number += 1;
            let (staged, mut file) = Staged::create(to, &format!("part-{number:06}.txt"))?;
            // Larger writes cost several times as much, see the results.
            lines.chunks(1 << 16).try_for_each(|piece| file.write_all(piece))?;
            staged.publish(&file)?;
        }
        if last {
            return Ok(());
        }
    }
}
