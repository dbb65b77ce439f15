//! What came in, file after file.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::log::Log;
use super::output::{Staged, write_in_pieces};

/// How often what came in is synced and made visible: as often as the gateway is told to.
const ROLL: Duration = Duration::from_millis(200);

/// What came in since the last roll. Taken whole, so that the lock is short.
pub(super) type Lines = Arc<Mutex<Vec<u8>>>;

/// What came in and is not in a file yet; where there is a log, once it stands there.
#[derive(Clone)]
pub(super) struct Gathered {
    lines: Lines,
    log: Option<Log>,
}

impl Gathered {
    /// Gathers, through a log if there is a path for one.
    pub(super) fn new(log: Option<&Path>) -> Result<Self> {
        let lines = Lines::default();
        let log = log.map(|path| Log::start(path, Arc::clone(&lines))).transpose()?;
        Ok(Self { lines, log })
    }

    /// Adds lines, in their order. Whoever has to answer for them waits for what it returns.
    pub(super) async fn add(&self, lines: &mut Vec<u8>) -> Result<Added> {
        match &self.log {
            Some(log) => Ok(Added(Some(log.add(std::mem::take(lines)).await?))),
            None => {
                self.lines.lock().ok().context("a task panicked")?.append(lines);
                Ok(Added(None))
            }
        }
    }

    /// Writes what was gathered, file after file, until the process is told to stop.
    pub(super) async fn roll_until_stopped(&self, to: &Path) -> Result<()> {
        let mut stop = signal(SignalKind::terminate())?;
        let mut ticks = tokio::time::interval(ROLL);
        let mut number = 0;
        loop {
            let last = tokio::select! {
                _ = ticks.tick() => false,
                _ = stop.recv() => true,
            };
            let lines = std::mem::take(&mut *self.lines.lock().ok().context("a task panicked")?);
            if !lines.is_empty() {
                number += 1;
                let (staged, mut file) = Staged::create(to, &format!("part-{number:06}.txt"))?;
                write_in_pieces(&mut file, &lines)?;
                staged.publish(&file)?;
            }
            if last {
                return Ok(());
            }
        }
    }
}

/// Lines that were added, and are as safe as they will be once this was waited for.
pub(super) struct Added(Option<oneshot::Receiver<()>>);

impl Added {
    pub(super) async fn safe(self) -> Result<()> {
        match self.0 {
            Some(synced) => synced.await.context("the log ended"),
            None => Ok(()),
        }
    }
}
