//! A measured process: the gateway, or a reference.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// How long to leave the processor to others between two looks at the process.
pub(crate) const PAUSE: Duration = Duration::from_millis(5);

/// A child process, killed at the latest when it is dropped.
pub(crate) struct Process {
    child: Child,
    begun: Instant,
    peak_kib: u64,
    log: PathBuf,
}

/// What a process used from its start to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    /// From start to end.
    pub(crate) wall: Duration,
    /// Of all its threads, in user and system mode.
    pub(crate) cpu: Duration,
    /// The most memory that was resident, in KiB.
    pub(crate) peak_kib: u64,
}

impl Process {
    /// Starts `forebay run CONFIG` with further arguments.
    pub(crate) fn gateway(config: &Path, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(gateway()?);
        command.arg("run").arg(config).args(arguments);
        Self::start(command, config.parent().unwrap_or(config))
    }

    /// Starts a reference with its arguments: this program again, in another role.
    pub(crate) fn reference(folder: &Path, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.arg("reference").args(arguments);
        Self::start(command, folder)
    }

    fn start(mut command: Command, folder: &Path) -> Result<Self> {
        let log = folder.join("process.log");
        let begun = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("{} cannot run", command.get_program().display()))?;
        Ok(Self { child, begun, peak_kib: 0, log })
    }

    /// Its standard output. Whoever takes it has to read it.
    pub(crate) fn take_output(&mut self) -> Result<ChildStdout> {
        self.child.stdout.take().context("the output was taken before")
    }

    /// When it was started.
    pub(crate) fn begun(&self) -> Instant {
        self.begun
    }

    /// Processor time so far, by the kernel's ticks of 10 ms.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        ticks(&stat, 14).context("/proc/PID/stat is not as proc(5) says")
    }

    /// Memory that is resident now, in KiB.
    pub(crate) fn resident_kib(&self) -> Result<u64> {
        self.status("VmRSS:").context("the process has ended")
    }

    fn status(&self, key: &str) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        status
            .lines()
            .find_map(|line| line.strip_prefix(key))?
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    }

    /// Whether it still runs; notes its memory.
    pub(crate) fn look(&mut self) -> Result<bool> {
        if let Some(peak) = self.status("VmHWM:") {
            self.peak_kib = self.peak_kib.max(peak);
        }
        // The status is kept for `wait`: a child that was waited for has no usage any more.
        Ok(!matches!(self.state(), Some('Z') | None))
    }

    fn state(&self) -> Option<char> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        stat.rsplit_once(") ")?.1.chars().next()
    }

    /// Asks it to stop, as a service manager does.
    pub(crate) fn stop(&self) -> Result<()> {
        // Not waited for yet, so the number is still its own.
        Ok(kill_process(Pid::from_child(&self.child), Signal::TERM)?)
    }

    /// Waits for its end and says what it used.
    pub(crate) fn finish(mut self, within: Duration) -> Result<Used> {
        // Nobody reads what is left of the output: a full pipe would stop the process.
        let drain = self.child.stdout.take().map(|mut output| {
            thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()))
        });
        let deadline = Instant::now() + within;
        while self.look()? {
            ensure!(Instant::now() < deadline, "it did not end within {within:?}");
            thread::sleep(PAUSE);
        }
        let wall = self.begun.elapsed();
        let cpu = self.cpu()?;
        let status = self.child.wait()?;
        if let Some(drain) = drain {
            let _ = drain.join();
        }
        if !status.success() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            bail!("it ended with {status}:\n{log}");
        }
        Ok(Used { wall, cpu, peak_kib: self.peak_kib })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The two fields from `first` on (counted from 1) of `/proc/PID/stat`, as a time.
fn ticks(stat: &str, first: usize) -> Option<Duration> {
    // The name, field 2, may hold anything but ends with the last parenthesis.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split_whitespace().skip(first - 3);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    // USER_HZ, which proc(5) counts in, is 100 on every architecture that Linux runs on today.
    Some(Duration::from_millis((user + system) * 10))
}

/// The binary: what `FOREBAY_BIN` names, else the one beside this program.
fn gateway() -> Result<PathBuf> {
    let path = match env::var_os("FOREBAY_BIN") {
        Some(path) => PathBuf::from(path),
        None => env::current_exe()?.with_file_name("forebay"),
    };
    ensure!(path.is_file(), "{} is not there: use `cargo xtask bench`", path.display());
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 10 0 0 0 150 25 0 0 20 0 1 0";
        assert_eq!(ticks(stat, 14), Some(Duration::from_millis(1_750)));
        assert_eq!(ticks("42 (a) S 1", 14), None);
    }
}
