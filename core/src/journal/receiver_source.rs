//! A receiver as a source.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::batch::Slice;
use crate::clock::Clock;
use crate::component::Observe;
use crate::decode::Decode;
use crate::position::Position;
use crate::range::Range;
use crate::receiver::Receiver;
use crate::source::{Committed, Resume, Source, SourceError};
use crate::split::{Grant, SplitId, SplitStatus};

use super::decoder::JournalDecoder;
use super::disk::JournalSource;
use super::intake::Intake;
use super::limits::Limits;
use super::memory::memory;
use super::settings::{Durability, JournalSettings};
use super::supervisor::{Observed, Supervisor};

/// How long a receiver may take to end when it was told to, and again when nothing is taken from
/// it any more.
const PATIENCE: Duration = Duration::from_secs(5);

/// A receiver with its journal, or its queue in memory, as a source: what an engine is given.
///
/// Connecting opens the journal and starts the receiver. It is run again, after a pause, whenever
/// it ends; its fatal error becomes that of the source.
pub struct ReceiverSource {
    source: Arc<str>,
    /// Where the journal is kept; `None` for a queue in memory.
    folder: Option<PathBuf>,
    settings: JournalSettings,
    limits: Limits,
    clock: Arc<dyn Clock>,
    receiver_decoder: Arc<dyn Decode>,
    decoder: Arc<dyn Decode>,
    observed: Arc<Observed>,
    /// Until it is started.
    receiver: Option<Box<dyn Receiver>>,
    /// From the first connection on.
    queue: Option<Box<dyn Source>>,
    task: Option<JoinHandle<()>>,
    stop: CancellationToken,
    fatal: watch::Receiver<Option<String>>,
    fatal_sender: Option<watch::Sender<Option<String>>>,
}

impl ReceiverSource {
    /// A source that runs `receiver`. `source` is its name in the configuration, `folder` where its
    /// journal is kept: with `durability = "memory"`, or without a folder, records are kept in
    /// memory only.
    #[must_use]
    pub fn new(
        source: Arc<str>,
        receiver: Box<dyn Receiver>,
        folder: Option<PathBuf>,
        settings: JournalSettings,
        limits: Limits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let receiver_decoder = receiver.decoder();
        let observed = Observed::new(receiver.observe());
        let (fatal_sender, fatal) = watch::channel(None);
        Self {
            source,
            folder: folder.filter(|_| settings.durability == Durability::Journal),
            settings,
            limits,
            clock,
            decoder: JournalDecoder::shared(receiver_decoder.clone()),
            receiver_decoder,
            observed: Arc::new(observed),
            receiver: Some(receiver),
            queue: None,
            task: None,
            stop: CancellationToken::new(),
            fatal,
            fatal_sender: Some(fatal_sender),
        }
    }

    async fn open(&mut self) -> Result<(Intake, Box<dyn Source>), SourceError> {
        let (decoder, clock) = (self.receiver_decoder.clone(), self.clock.clone());
        let source = self.source.clone();
        match &self.folder {
            Some(folder) => {
                let (intake, journal) = JournalSource::open(
                    source,
                    folder,
                    &self.settings,
                    self.limits,
                    decoder,
                    clock,
                )
                .await?;
                Ok((intake, Box::new(journal)))
            }
            None => {
                let settings =
                    JournalSettings { durability: Durability::Memory, ..self.settings.clone() };
                let (intake, queue) = memory(source, &settings, self.limits, decoder, clock);
                Ok((intake, Box::new(queue)))
            }
        }
    }

    fn start(&mut self, intake: Intake) {
        let (Some(receiver), Some(fatal)) = (self.receiver.take(), self.fatal_sender.take()) else {
            return;
        };
        let supervisor = Supervisor {
            source: self.source.clone(),
            receiver,
            intake,
            stop: self.stop.clone(),
            observed: self.observed.clone(),
            clock: self.clock.clone(),
            fatal,
        };
        self.task = Some(tokio::spawn(supervisor.run()));
    }

    /// Why the receiver has ended for good, if it has.
    fn ended(&self) -> Option<String> {
        if let Some(why) = &*self.fatal.borrow() {
            return Some(why.clone());
        }
        // The other end goes with the task, without a word only if that panicked.
        let panicked =
            self.task.is_some() && self.fatal.has_changed().is_err() && !self.stop.is_cancelled();
        panicked
            .then(|| "the receiver panicked; see the log, and start the pipeline again".to_owned())
    }

    /// The queue, unless the receiver has ended for good.
    fn queue(&mut self) -> Result<&mut Box<dyn Source>, SourceError> {
        if let Some(why) = self.ended() {
            return Err(SourceError::Fatal(why));
        }
        self.queue
            .as_mut()
            .ok_or_else(|| SourceError::Disconnected("the journal is not open yet".to_owned()))
    }
}

#[async_trait]
impl Source for ReceiverSource {
    fn decoder(&self) -> Arc<dyn Decode> {
        self.decoder.clone()
    }

    async fn connect(&mut self, resume: &Resume) -> Result<(), SourceError> {
        if self.queue.is_some() {
            return self.queue()?.connect(resume).await;
        }
        let (intake, mut queue) = self.open().await?;
        queue.connect(resume).await?;
        if let Some(observe) = queue.observe() {
            // It is set once: the queue is opened once.
            let _ = self.observed.journal.set(observe);
        }
        self.queue = Some(queue);
        self.start(intake);
        Ok(())
    }

    async fn splits(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<Vec<SplitStatus>, SourceError> {
        self.queue()?.splits(next).await
    }

    async fn read(
        &mut self,
        grants: &[Grant],
        deadline: Instant,
    ) -> Result<Vec<Slice>, SourceError> {
        self.queue()?.read(grants, deadline).await
    }

    async fn replay(&mut self, ranges: &[Range]) -> Result<Vec<Slice>, SourceError> {
        self.queue()?.replay(ranges).await
    }

    /// Also returns when the receiver has ended for good, so that the next read says so.
    async fn ready(&mut self) {
        if self.ended().is_some() {
            return;
        }
        let Some(queue) = &mut self.queue else { return std::future::pending().await };
        tokio::select! {
            () = queue.ready() => {}
            _ = self.fatal.changed() => {}
        }
    }

    async fn commit(&mut self, committed: &[Committed]) -> Result<(), SourceError> {
        match &mut self.queue {
            Some(queue) => queue.commit(committed).await,
            None => Ok(()),
        }
    }

    fn is_crowded(&self) -> bool {
        self.queue.as_ref().is_some_and(|queue| queue.is_crowded())
    }

    async fn close(&mut self) {
        self.stop.cancel();
        let mut task = self.task.take();
        if let Some(running) = &mut task
            && tokio::time::timeout(PATIENCE, running).await.is_ok()
        {
            task = None;
        }
        // Who still waits for room is told that it is over.
        if let Some(queue) = &mut self.queue {
            queue.close().await;
        }
        if let Some(mut task) = task
            && tokio::time::timeout(PATIENCE, &mut task).await.is_err()
        {
            tracing::warn!(source = %self.source, "the receiver did not end in time and is cut off");
            task.abort();
            let _ = task.await;
        }
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(self.observed.clone())
    }
}

impl Drop for ReceiverSource {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

#[cfg(test)]
mod tests;
