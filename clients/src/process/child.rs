//! The program as a process.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child as Process, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::config::ExecConfig;

/// A program that runs, with all that it starts in a process group of its own; the whole group is
/// killed at the latest when this is dropped.
pub(crate) struct Child {
    process: Process,
    /// The process group, until the program was waited for.
    group: Option<Pid>,
}

/// The ends of its pipes.
pub(crate) struct Pipes {
    /// None if nothing is acknowledged: it reads the end of a file then.
    pub(crate) input: Option<ChildStdin>,
    pub(crate) output: ChildStdout,
    pub(crate) complaints: ChildStderr,
}

impl Child {
    /// Starts the program. Paths are those of the options, resolved.
    pub(crate) fn start(
        config: &ExecConfig,
        program: &PathBuf,
        directory: &PathBuf,
    ) -> io::Result<(Self, Pipes)> {
        let input = if config.acknowledge { Stdio::piped() } else { Stdio::null() };
        let mut process = Command::new(program)
            .args(&config.command[1..])
            .envs(&config.environment)
            .current_dir(directory)
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let missing = || io::Error::other("the system gave no pipe");
        let pipes = Pipes {
            input: process.stdin.take(),
            output: process.stdout.take().ok_or_else(missing)?,
            complaints: process.stderr.take().ok_or_else(missing)?,
        };
        let id = process.id().and_then(|id| i32::try_from(id).ok());
        Ok((Self { group: id.and_then(Pid::from_raw), process }, pipes))
    }

    pub(crate) fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Asks the whole group to end.
    pub(crate) fn ask_to_end(&self) {
        self.signal(Signal::TERM);
    }

    /// Waits for its end, so long at most, then kills the whole group.
    pub(crate) async fn end(&mut self, within: Duration) -> io::Result<ExitStatus> {
        let ended = timeout(within, self.process.wait()).await;
        // What it started may still run, and is not left behind.
        self.signal(Signal::KILL);
        let status = match ended {
            Ok(status) => status?,
            Err(_) => self.process.wait().await?,
        };
        self.group = None;
        Ok(status)
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // It fails only if nobody of the group is there any more.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
