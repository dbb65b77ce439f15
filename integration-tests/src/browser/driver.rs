//! The process that drives Chromium.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

/// The process that drives Chromium; it ends, with all that it started, when this is dropped.
#[derive(Debug)]
pub(super) struct Driver {
    child: Child,
    url: String,
    profile: TempDir,
    /// Kept open, so that what it says later meets no closed pipe; that is next to nothing.
    output: Option<BufReader<ChildStdout>>,
}

impl Driver {
    /// Starts it on a free port.
    pub(super) fn start() -> Result<Self> {
        let profile = tempfile::Builder::new().prefix("forebay-browser-").tempdir()?;
        let child = Command::new("chromedriver")
            .arg("--port=0")
            .env("TMPDIR", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context(
                "chromedriver cannot be started; on Debian, `apt-get install chromium \
                 chromium-driver` brings it and the browser",
            )?;
        let mut driver = Self { child, url: String::new(), profile, output: None };
        let output = driver.child.stdout.take().context("chromedriver has no output")?;
        let mut output = BufReader::new(output);
        let port = output.by_ref().lines().find_map(|line| port(&line.ok()?));
        let port = port.context("chromedriver does not say on which port it listens")?;
        driver.url = format!("http://127.0.0.1:{port}");
        driver.output = Some(output);
        Ok(driver)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn profile(&self) -> &Path {
        self.profile.path()
    }
}

/// The port in `ChromeDriver was started successfully on port 41235.`
fn port(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("started successfully on port ")?;
    rest.trim_end_matches('.').parse().ok()
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Both fail only if it has ended and was waited for.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::port;

    #[test]
    fn the_port_is_found_in_what_it_says() {
        let said = "ChromeDriver was started successfully on port 41235.";
        assert_eq!(port(said), Some(41_235));
        assert_eq!(port("Starting ChromeDriver 156.0 on port 0"), None);
    }
}
