//! A temporary folder with a configuration.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::gateway::Gateway;
use crate::{binary, crash_points};

/// A temporary folder with a configuration, a checkpoint and an output folder. It goes when it is
/// dropped, after the gateways that run in it.
#[derive(Debug)]
pub struct Scene {
    folder: TempDir,
}

impl Scene {
    /// The longest that a gateway may take to drain what is there and end.
    pub const DRAIN: Duration = Duration::from_secs(120);

    /// A scene with this configuration. In it, relative paths begin in the scene's folder, and
    /// `[gateway]` is written already.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn new(config: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("forebay-").tempdir()?;
        let scene = Self { folder };
        scene.configure(config)?;
        Ok(scene)
    }

    /// Replaces the configuration; the next start takes it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn configure(&self, config: &str) -> Result<()> {
        let whole = format!(
            "[gateway]\nlisten = \"127.0.0.1:0\"\ncheckpoints = \"file://{}\"\n\n{config}",
            self.path("checkpoints").display()
        );
        fs::write(self.config(), whole).context("the configuration cannot be written")
    }

    /// A path in the scene.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder that scenarios write to.
    #[must_use]
    pub fn output(&self) -> PathBuf {
        self.path("out")
    }

    /// The configuration file.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.path("forebay.toml")
    }

    /// Starts the gateway.
    ///
    /// # Errors
    /// If the binary cannot be found or started.
    pub fn start(&self) -> Result<Gateway> {
        self.run(&[], &[])
    }

    /// Starts the gateway; it writes a line of progress for each batch.
    ///
    /// # Errors
    /// If the binary cannot be found or started.
    pub fn start_with_progress(&self) -> Result<Gateway> {
        self.run(&["--progress", "jsonl"], &[])
    }

    /// Starts the gateway with progress; no file of its can grow beyond so many KiB, as if the
    /// disk were full, until [`Gateway::make_room`].
    ///
    /// # Errors
    /// If the binary cannot be found or started.
    pub fn start_on_a_small_disk(&self, kib: u32) -> Result<Gateway> {
        self.run_on_a_small_disk(kib, &["--progress", "jsonl"])
    }

    /// As [`Scene::start_on_a_small_disk`], without progress, whose lines would fill a disk that
    /// is meant for the checkpoint.
    ///
    /// # Errors
    /// If the binary cannot be found or started.
    pub fn start_quietly_on_a_small_disk(&self, kib: u32) -> Result<Gateway> {
        self.run_on_a_small_disk(kib, &[])
    }

    fn run_on_a_small_disk(&self, kib: u32, options: &[&str]) -> Result<Gateway> {
        // POSIX counts in blocks of 512 bytes. Ignored, the signal becomes an error of the write.
        let script = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$0\" \"$@\"", 2 * kib);
        let binary = binary::path()?.display().to_string();
        let config = self.config().display().to_string();
        let arguments = [&["-c", &script, &binary, "run", &config], options].concat();
        Gateway::start(Path::new("/bin/sh"), self.folder.path(), &arguments, &[])
    }

    /// Starts the gateway; it ends itself when it reaches the crash point for the `count`th time.
    ///
    /// # Errors
    /// If the binary cannot be found or started.
    pub fn start_to_crash_at(&self, point: &str, count: u32) -> Result<Gateway> {
        let at = format!("{point}:{count}");
        self.run(&[], &[(crash_points::VARIABLE, &at)])
    }

    /// Runs the gateway until it has taken all that is there, and ended by itself.
    ///
    /// # Errors
    /// If it does not end in time, or not with 0.
    pub fn drain(&self) -> Result<()> {
        self.run(&["--available-now"], &[])?.expect_success(Self::DRAIN)
    }

    /// Starts to replay the dead letters. With a crash point and a count, it ends itself when it
    /// reaches the point for the `count`th time.
    ///
    /// # Errors
    /// If the binary cannot be found or started.
    pub fn start_replay(&self, crash_at: Option<(&str, u32)>) -> Result<Gateway> {
        let config = self.config().display().to_string();
        let at = crash_at.map(|(point, count)| format!("{point}:{count}"));
        let variable = at.as_ref().map(|at| (crash_points::VARIABLE, at.as_str()));
        let variables: Vec<_> = variable.into_iter().collect();
        let arguments = ["dead-letters", "replay", &config];
        Gateway::start(binary::path()?, self.folder.path(), &arguments, &variables)
    }

    fn run(&self, options: &[&str], variables: &[(&str, &str)]) -> Result<Gateway> {
        let config = self.config().display().to_string();
        let arguments = [&["run", &config], options].concat();
        Gateway::start(binary::path()?, self.folder.path(), &arguments, variables)
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
