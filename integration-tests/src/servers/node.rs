//! One server, which can be ended and started again on the same data.

use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use super::launch::Launch;
use super::process::Process;
use crate::wait;

/// One server of a cluster.
#[derive(Debug)]
pub struct Node {
    launch: Launch,
    process: Mutex<Option<Process>>,
}

impl Node {
    pub(super) fn new(launch: Launch) -> Self {
        Self { launch, process: Mutex::new(None) }
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        // Whoever panicked with it did not leave it half changed.
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> Result<Process> {
        self.process().take().with_context(|| format!("{} does not run", self.launch.name))
    }

    /// Starts it on the data it had, and waits until it is ready.
    ///
    /// # Errors
    /// If it runs, or does not get ready: with the end of its log.
    pub fn start(&self) -> Result<()> {
        self.begin_to_start()?;
        self.wait_until_ready()
    }

    /// Starts it and does not wait.
    ///
    /// # Errors
    /// If it runs, or cannot be started at all.
    pub fn begin_to_start(&self) -> Result<()> {
        let mut process = self.process();
        ensure!(process.is_none(), "{} runs already", self.launch.name);
        *process = Some(self.launch.start()?);
        Ok(())
    }

    /// Waits until it is ready.
    ///
    /// # Errors
    /// If it ends or is not ready in time: with the end of its log.
    pub fn wait_until_ready(&self) -> Result<()> {
        let Launch { name, ready, address, patience, .. } = &self.launch;
        let mut process = self.process();
        let process = process.as_mut().with_context(|| format!("{name} does not run"))?;
        process.wait_for_words(ready, *patience)?;
        wait::until(&format!("{name} to listen"), *patience, || {
            Ok(TcpStream::connect(address).ok().map(drop))
        })
        .with_context(|| process.last_words())
    }

    /// Asks it to stop (SIGTERM), and waits.
    ///
    /// # Errors
    /// If it does not run, or does not stop in time.
    pub fn stop(&self) -> Result<()> {
        self.running()?.stop(self.launch.patience)
    }

    /// Ends it at once, as `kill -9` does, frozen or not, and waits until it is gone.
    ///
    /// # Errors
    /// If it does not run, or ended by itself before.
    pub fn kill(&self) -> Result<()> {
        self.running()?.kill()
    }

    /// Ends it at once, and starts it again on the same data.
    ///
    /// # Errors
    /// Those of [`Node::kill`] and [`Node::start`].
    pub fn kill_and_start(&self) -> Result<()> {
        self.kill()?;
        self.start()
    }

    /// Stops it in its tracks (SIGSTOP): its connections stay open, and nobody answers.
    ///
    /// # Errors
    /// If it does not run.
    pub fn freeze(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    /// If it does not run.
    pub fn thaw(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let name = &self.launch.name;
        let mut process = self.process();
        process.as_mut().with_context(|| format!("{name} does not run"))?.signal(signal)
    }

    /// The process id, while it runs: for looking at what it uses.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process().as_ref().map(Process::id)
    }

    /// What it wrote since it was started last.
    #[must_use]
    pub fn words(&self) -> String {
        self.process().as_ref().map(Process::words).unwrap_or_default()
    }

    /// The end of what it wrote.
    #[must_use]
    pub fn last_words(&self) -> String {
        self.process().as_ref().map(Process::last_words).unwrap_or_default()
    }
}
