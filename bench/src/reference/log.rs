//! A log that lines go through: what arrives together is written and synced together.

use std::fs::File;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result};
use tokio::sync::{mpsc, oneshot};

use super::gathered::Lines;
use super::output::write_in_pieces;

/// Lines on their way to the log.
const QUEUED: usize = 64;

/// A log that lines go through. It grows without end, and nobody reads it.
#[derive(Clone)]
pub(super) struct Log(mpsc::Sender<(Vec<u8>, oneshot::Sender<()>)>);

impl Log {
    /// Begins a log; what is synced there is added to `lines`.
    pub(super) fn start(path: &Path, lines: Lines) -> Result<Self> {
        let mut file = File::create(path)?;
        let (sender, mut arrivals) = mpsc::channel(QUEUED);
        // It ends with the process.
        thread::spawn(move || -> Result<()> {
            let mut group: Vec<(Vec<u8>, oneshot::Sender<()>)> = Vec::new();
            while arrivals.blocking_recv_many(&mut group, QUEUED) > 0 {
                group.iter().try_for_each(|(bytes, _)| write_in_pieces(&mut file, bytes))?;
                file.sync_data()?;
                for (mut bytes, synced) in group.drain(..) {
                    lines.lock().ok().context("a task panicked")?.append(&mut bytes);
                    // Not everyone waits.
                    let _ = synced.send(());
                }
            }
            Ok(())
        });
        Ok(Self(sender))
    }

    /// Adds lines; what it returns says when they are safe.
    pub(super) async fn add(&self, lines: Vec<u8>) -> Result<oneshot::Receiver<()>> {
        let (synced, safe) = oneshot::channel();
        self.0.send((lines, synced)).await.ok().context("the log ended")?;
        Ok(safe)
    }
}
