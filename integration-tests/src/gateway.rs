//! A running gateway.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::Value;

use crate::wait;

/// A running gateway: a child of this process, killed at the latest when this is dropped.
#[derive(Debug)]
pub struct Gateway {
    child: Child,
    log: PathBuf,
}

impl Gateway {
    /// Starts the binary with these arguments and variables. What it writes goes to `gateway.log`
    /// in the folder, which errors quote.
    ///
    /// # Errors
    /// If the binary cannot be started.
    pub fn start(
        binary: &Path,
        folder: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Self> {
        let log = folder.join("gateway.log");
        let file = File::options().create(true).append(true).open(&log)?;
        let child = Command::new(binary)
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .context("the gateway cannot be started")?;
        Ok(Self { child, log })
    }

    /// The process id, for looking at what it uses.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How many files, sockets and the like it has open.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn descriptors(&self) -> Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.id()))?.count())
    }

    /// Ends it after a while, as `kill -9` does.
    ///
    /// # Errors
    /// If it had ended before, by itself.
    pub fn kill_after(self, delay: Duration) -> Result<()> {
        // The instant is what is random here: nothing is waited for.
        thread::sleep(delay);
        self.kill()
    }

    /// Whether it has ended.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Ends it at once, as `kill -9` does.
    ///
    /// # Errors
    /// If it had ended before, by itself: a gateway that was not told to must not.
    pub fn kill(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the gateway ended before it was killed: {status}\n{}", self.last_words());
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop, as a service manager does, and expects it to end with 0.
    ///
    /// # Errors
    /// If it does not end in time, or not with 0.
    pub fn stop(self, within: Duration) -> Result<()> {
        self.signal(Signal::TERM)?;
        self.expect_success(within)
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        // Not reaped yet, so the number is still its own.
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    /// Lets it write files of any size, after [`Scene::start_on_a_small_disk`].
    ///
    /// [`Scene::start_on_a_small_disk`]: crate::Scene::start_on_a_small_disk
    ///
    /// # Errors
    /// If the system refuses.
    pub fn make_room(&self) -> Result<()> {
        let pid = Some(Pid::from_child(&self.child));
        prlimit(pid, Resource::Fsize, Rlimit { current: None, maximum: None })?;
        Ok(())
    }

    /// Waits until it ends with this code.
    ///
    /// # Errors
    /// If it does not end in time, or not with it.
    pub fn expect_exit(mut self, code: i32, within: Duration) -> Result<()> {
        let status = self.wait(within)?;
        if status.code() != Some(code) {
            bail!("the gateway ended with {status}, not with {code}\n{}", self.last_words());
        }
        Ok(())
    }

    /// Waits until it ends with 0.
    ///
    /// # Errors
    /// If it does not end in time, or not with 0.
    pub fn expect_success(self, within: Duration) -> Result<()> {
        self.expect_exit(0, within)
    }

    /// Waits until it has ended itself at a crash point.
    ///
    /// # Errors
    /// If it does not in time, or ends in any other way.
    pub fn expect_crash(mut self, within: Duration) -> Result<()> {
        let status = self.wait(within)?;
        if status.signal().is_none() {
            bail!("the gateway ended with {status}, not by a signal\n{}", self.last_words());
        }
        Ok(())
    }

    fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        let log = self.log.clone();
        let child = &mut self.child;
        wait::until("the gateway to end", within, || Ok(child.try_wait()?))
            .with_context(|| last_words(&log))
    }

    /// What it wrote so far.
    #[must_use]
    pub fn words(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The records of all batches so far, if it was started with `--progress jsonl`.
    ///
    /// # Errors
    /// If a line of progress is no JSON.
    pub fn records(&self) -> Result<u64> {
        let words = self.words();
        let whole = words.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let lines = whole.lines().filter(|line| line.starts_with('{'));
        let records = lines.map(|line| {
            let progress: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
            progress["records"].as_u64().with_context(|| line.to_owned())
        });
        records.sum()
    }

    /// Waits until it has written these words.
    ///
    /// # Errors
    /// If it does not in time.
    pub fn wait_for_words(&self, words: &str, within: Duration) -> Result<()> {
        wait::until(words, within, || Ok(self.words().contains(words).then_some(())))
            .with_context(|| self.last_words())
    }

    /// Waits until it has moved more records than so many.
    ///
    /// # Errors
    /// If it does not in time.
    pub fn wait_for_more_than(&self, records: u64, within: Duration) -> Result<()> {
        let what = format!("more than {records} records");
        wait::until(&what, within, || Ok((self.records()? > records).then_some(())))
            .with_context(|| self.last_words())
    }

    /// The end of what it wrote.
    #[must_use]
    pub fn last_words(&self) -> String {
        last_words(&self.log)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Both fail only if it has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn last_words(log: &Path) -> String {
    const LINES: usize = 30;
    let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LINES);
    format!("the last lines that it wrote:\n  {}", lines[from..].join("\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    /// A shell in the place of the gateway.
    fn shell(folder: &Path, script: &str) -> Gateway {
        Gateway::start(Path::new("/bin/sh"), folder, &["-c", script], &[("POINT", "7")]).unwrap()
    }

    #[test]
    fn each_way_to_end_is_told_from_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let start = |script| shell(folder.path(), script);
        start("exit 0").expect_success(LONG).unwrap();
        start("test $POINT = 7").expect_success(LONG).unwrap();
        start("kill -ABRT $$").expect_crash(LONG).unwrap();
        start("exec sleep 100").kill().unwrap();
        assert!(start("exit 1").expect_success(LONG).is_err());
        assert!(start("exit 1").expect_crash(LONG).is_err());
        assert!(start("kill -ABRT $$").expect_success(LONG).is_err());
        assert!(start("exec sleep 100").expect_success(Duration::from_millis(20)).is_err());
    }

    #[test]
    fn an_end_that_nobody_asked_for_is_reported_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut gateway = shell(folder.path(), "echo farewell; exit 3");
        wait::until("the end", LONG, || Ok(gateway.has_ended()?.then_some(()))).unwrap();
        let error = gateway.kill().unwrap_err().to_string();
        assert!(error.contains("farewell"), "{error}");
    }

    #[test]
    fn stopping_asks_and_waits() {
        let folder = tempfile::tempdir().unwrap();
        let script = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done";
        let gateway = shell(folder.path(), script);
        let ready = || Ok(gateway.last_words().contains("ready").then_some(()));
        wait::until("the trap", LONG, ready).unwrap();
        gateway.stop(LONG).unwrap();
    }
}
