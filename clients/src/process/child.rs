//! A program that runs.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child as Process, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::Program;

/// What the pipe of its standard output holds, in bytes, where that can be chosen: as much as Linux
/// lets everyone have. By itself a pipe there holds 64 KiB, and whoever writes much and whoever reads
/// it wake one another that much more often.
#[cfg(target_os = "linux")]
const OUTPUT_BYTES: usize = 1 << 20;

/// A program that runs, with all that it starts in a process group of its own; the whole group is
/// killed at the latest when this is dropped.
#[derive(Debug)]
pub struct Child {
    process: Process,
    /// The process group, until the program was waited for.
    group: Option<Pid>,
}

/// The ends of its pipes.
#[derive(Debug)]
pub struct Pipes {
    /// Its standard input; none if it was started without.
    pub input: Option<ChildStdin>,
    /// Its standard output.
    pub output: ChildStdout,
    /// Its standard error.
    pub complaints: ChildStderr,
}

impl Child {
    /// Starts a program whose paths are [resolved](Program::resolved). Without `with_input` its
    /// standard input is empty.
    ///
    /// # Errors
    /// If it cannot be started; the text names program and folder.
    pub fn start(program: &Program, with_input: bool) -> Result<(Self, Pipes), String> {
        Self::spawn(program, with_input).map_err(|error| {
            let folder = program.directory.as_deref().unwrap_or(std::path::Path::new("."));
            format!("`{}` cannot be started in `{}`: {error}", program.name(), folder.display())
        })
    }

    fn spawn(program: &Program, with_input: bool) -> io::Result<(Self, Pipes)> {
        let input = if with_input { Stdio::piped() } else { Stdio::null() };
        let mut process = Command::new(program.name())
            .args(program.command.iter().skip(1))
            .envs(&program.environment)
            .current_dir(program.directory.as_deref().unwrap_or(std::path::Path::new(".")))
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
        // Refused if this user has too much in pipes already: then it stays as it is.
        #[cfg(target_os = "linux")]
        let _ = rustix::pipe::fcntl_setpipe_size(&pipes.output, OUTPUT_BYTES);
        let id = process.id().and_then(|id| i32::try_from(id).ok());
        Ok((Self { group: id.and_then(Pid::from_raw), process }, pipes))
    }

    /// Its process id, until it was waited for.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Asks the whole group to end.
    pub fn ask_to_end(&self) {
        self.signal(Signal::TERM);
    }

    /// Waits for its end, so long at most, then kills the whole group: also what it started and
    /// left behind.
    ///
    /// # Errors
    /// If the system does not say how it ended.
    pub async fn end(&mut self, within: Duration) -> io::Result<ExitStatus> {
        let ended = timeout(within, self.process.wait()).await;
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
