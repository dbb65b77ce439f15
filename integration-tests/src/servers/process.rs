//! A server's process.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::watchdog;
use crate::wait;

/// A process of this one, killed at the latest when this is dropped or this process ends.
#[derive(Debug)]
pub(super) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    /// How long the log was when the process started.
    silent: usize,
    reaped: bool,
}

impl Process {
    /// Starts it. What it writes is appended to the log, which errors quote.
    pub(super) fn start(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(log)?;
        let silent = usize::try_from(file.metadata()?.len())?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0)
            .spawn()
            .with_context(|| {
                let program = command.get_program().to_string_lossy().into_owned();
                format!("{name} cannot be started: `{program}` does not run")
            })?;
        let process =
            Self { name: name.to_owned(), child, log: log.to_owned(), silent, reaped: false };
        watchdog::watch(process.id())?;
        Ok(process)
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote.
    pub(super) fn words(&self) -> String {
        let all = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(all.get(self.silent..).unwrap_or_default()).into_owned()
    }

    /// Whether it still runs.
    pub(super) fn ensure_running(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!("{} ended: {status}; {}", self.name, self.last_words()),
            None => Ok(()),
        }
    }

    /// Waits until it has written these words.
    pub(super) fn wait_for_words(&mut self, words: &str, within: Duration) -> Result<()> {
        let ready = wait::until(&format!("`{words}`"), within, || {
            if self.words().contains(words) {
                return Ok(Some(()));
            }
            match self.child.try_wait()? {
                Some(status) => bail!("it ended: {status}"),
                None => Ok(None),
            }
        });
        ready.with_context(|| format!("{} is not ready; {}", self.name, self.last_words()))
    }

    /// Waits until it has ended by itself.
    pub(super) fn wait_for_end(&mut self, within: Duration) -> Result<ExitStatus> {
        let child = &mut self.child;
        let status = wait::until("its end", within, || Ok(child.try_wait()?))
            .with_context(|| format!("{} does not end; {}", self.name, self.last_words()))?;
        self.forget()?;
        Ok(status)
    }

    /// Sends it a signal.
    pub(super) fn signal(&mut self, signal: Signal) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended by itself: {status}; {}", self.name, self.last_words());
        }
        // Not reaped yet, so the number is still its own.
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    /// Asks it to end, and waits.
    pub(super) fn stop(mut self, within: Duration) -> Result<()> {
        self.signal(Signal::TERM)?;
        self.wait_for_end(within)?;
        Ok(())
    }

    /// Ends it at once, as `kill -9` does, and waits until it is gone.
    pub(super) fn kill(mut self) -> Result<()> {
        self.signal(Signal::KILL)?;
        self.child.wait()?;
        self.forget()
    }

    fn forget(&mut self) -> Result<()> {
        self.reaped = true;
        watchdog::forget(self.id())
    }

    /// The end of what it wrote.
    pub(super) fn last_words(&self) -> String {
        const LINES: usize = 40;
        let words = self.words();
        let lines: Vec<&str> = words.lines().collect();
        let from = lines.len().saturating_sub(LINES);
        format!("the last lines that it wrote:\n  {}", lines[from..].join("\n  "))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.reaped {
            // They fail only if it has ended and was waited for, or the watchdog is gone.
            let _ = self.child.kill();
            let _ = self.child.wait();
            let _ = self.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn shell(folder: &Path, script: &str) -> Process {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        Process::start("a shell", command, &folder.join("log")).unwrap()
    }

    #[test]
    fn a_server_that_ends_before_it_is_ready_is_an_error_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        shell(folder.path(), "echo ready").wait_for_words("ready", LONG).unwrap();
        // What an earlier process wrote to the same log does not count.
        let error = shell(folder.path(), "echo farewell; exit 3")
            .wait_for_words("ready", LONG)
            .unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains("farewell") && error.contains("exit status: 3"), "{error}");
    }

    #[test]
    fn it_can_be_frozen_and_killed_while_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = shell(folder.path(), "while :; do echo tick; sleep 0.01; done");
        process.wait_for_words("tick", LONG).unwrap();
        process.signal(Signal::STOP).unwrap();
        process.signal(Signal::CONT).unwrap();
        process.signal(Signal::STOP).unwrap();
        process.kill().unwrap();
    }
}
