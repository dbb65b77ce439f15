//! Records that keep coming.

use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};

use super::kafka::{Kafka, Message};
use super::ledger::Ledger;
use crate::wait;

/// A thread that writes the records of a ledger to a topic for as long as it is let, some thousand
/// per second, each acknowledged by Kafka.
#[derive(Debug)]
pub struct Feed {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<Ledger>>>,
}

impl Feed {
    /// Begins to write.
    #[must_use]
    pub fn start(kafka: Arc<Kafka>, topic: &str, ledger: Ledger) -> Self {
        Self::write(topic, ledger, move |topic, messages| kafka.produce(topic, messages))
    }

    /// Begins to write to the cluster that all tests of this process share.
    #[must_use]
    pub fn start_shared(kafka: &'static Kafka, topic: &str, ledger: Ledger) -> Self {
        Self::write(topic, ledger, move |topic, messages| kafka.produce(topic, messages))
    }

    fn write(
        topic: &str,
        mut ledger: Ledger,
        produce: impl FnOnce(&str, &mut dyn Iterator<Item = Message>) -> Result<()> + Send + 'static,
    ) -> Self {
        /// Records between two pauses of [`wait::PAUSE`]: 4 000 per second at most.
        const GROUP: u64 = 20;
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, topic) = (Arc::clone(&stop), topic.to_owned());
        let thread = thread::spawn(move || {
            let mut messages = iter::from_fn(|| {
                if ledger.written().is_multiple_of(GROUP) {
                    thread::sleep(wait::PAUSE);
                    if stopped.load(Ordering::Relaxed) {
                        return None;
                    }
                }
                ledger.write(1).next().map(|entry| entry.message())
            });
            produce(&topic, &mut messages)?;
            Ok(ledger)
        });
        Self { stop, thread: Some(thread) }
    }

    /// Stops, and says what was written.
    ///
    /// # Errors
    /// If a record was not acknowledged.
    pub fn finish(mut self) -> Result<Ledger> {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().context("the feed was finished before")?;
        thread.join().map_err(|_| anyhow!("the feed panicked"))?
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // The scenario has failed for another reason, which is the one to report.
            let _ = thread.join();
        }
    }
}
