//! A reliable receiver: files, each deleted when it is stored.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use async_trait::async_trait;
use forebay::core::component::{
    BuildContext, Claim, Component, Input, Observe, Problem, SourceComponent,
};
use forebay::core::dead_letter::Reason;
use forebay::core::decode::Decode;
use forebay::core::journal::{Intake, Refused, schema};
use forebay::core::probe::{Halted, Obstacle, Probed};
use forebay::core::receiver::{Chunk, Receiver, ReceiverError};
use forebay::core::units::TimeSpan;
use forebay::formats::Decoding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio_util::sync::CancellationToken;

/// Takes each file of a folder as one record, and deletes it when it is stored.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SpoolConfig {
    /// The folder. Files whose names begin with `.` are left alone: write them so, and rename them
    /// when they are complete. A relative path begins at the folder of the configuration file.
    pub folder: PathBuf,
    /// Time between two looks at the folder. Default 1s.
    #[serde(default = "every")]
    pub every: TimeSpan,
    /// The largest file, 1B to 1GiB in bytes. Default 1048576. Of a larger one a dead letter has the
    /// first 4 KiB.
    #[serde(default = "max_bytes")]
    pub max_bytes: u64,
    /// What a file holds.
    #[serde(flatten)]
    pub decoding: Decoding,
}

fn every() -> TimeSpan {
    TimeSpan::from_secs(1)
}

fn max_bytes() -> u64 {
    1 << 20
}

/// The type `spool`.
#[derive(Debug)]
pub struct Spool;

impl Component for Spool {
    type Config = SpoolConfig;

    const TYPE: &'static str = "spool";

    fn check(config: &SpoolConfig) -> Vec<Problem> {
        let mut problems = config.decoding.check();
        if config.every < TimeSpan::from_millis(10) {
            problems.push(Problem::at("every", "must be at least 10ms"));
        }
        if !(1..=1 << 30).contains(&config.max_bytes) {
            problems.push(Problem::at("max_bytes", "must be between 1 and 1073741824"));
        }
        problems
    }

    /// Two that take files out of one folder would take them from each other.
    fn claims(config: &SpoolConfig) -> Vec<Claim> {
        vec![Claim::Path(config.folder.clone())]
    }
}

impl SourceComponent for Spool {
    fn build(config: SpoolConfig, context: &BuildContext) -> Result<Input, Problem> {
        let decoder = config.decoding.decoder(&schema(), "value")?;
        let folder = context.path(&config.folder);
        let stored = Arc::default();
        Ok(Input::Receiver(Box::new(SpoolReceiver { config, folder, decoder, stored })))
    }
}

struct SpoolReceiver {
    config: SpoolConfig,
    folder: PathBuf,
    decoder: Arc<dyn Decode>,
    stored: Arc<Stored>,
}

/// What is to be seen from outside, in the dashboard and by `/api`.
#[derive(Default)]
struct Stored(AtomicU64);

impl Observe for Stored {
    fn observe(&self) -> Value {
        json!({ "stored": self.0.load(Relaxed) })
    }
}

#[async_trait]
impl Receiver for SpoolReceiver {
    fn decoder(&self) -> Arc<dyn Decode> {
        Arc::clone(&self.decoder)
    }

    async fn run(&mut self, intake: Intake, stop: CancellationToken) -> Result<(), ReceiverError> {
        while !stop.is_cancelled() {
            for path in waiting(&self.folder).await.map_err(|error| broken(&self.folder, &error))? {
                match self.take(&path, &intake).await {
                    Ok(()) => {}
                    // The gateway is stopping: the file is still there when it starts again.
                    Err(Refused::Closed) => return Ok(()),
                    // The disk is full, say: the file is still there at the next look.
                    Err(_) => break,
                }
                // Only now: the record is in the journal.
                tokio::fs::remove_file(&path).await.map_err(|error| broken(&path, &error))?;
                self.stored.0.fetch_add(1, Relaxed);
                if stop.is_cancelled() {
                    return Ok(());
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(self.config.every.0) => {}
            }
        }
        Ok(())
    }

    async fn probe(&mut self) -> Probed {
        let mut probed = Probed::default();
        // Where it ended is its last step.
        let _ = self.look(&mut probed).await;
        probed
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        let stored: Arc<dyn Observe> = self.stored.clone();
        Some(stored)
    }
}

impl SpoolReceiver {
    /// Looks whether there is a folder, and whether files in it may be deleted. It takes none.
    async fn look(&self, probed: &mut Probed) -> Result<(), Halted> {
        let found = waiting(&self.folder).await.map(|files| format!("{} files wait", files.len()));
        let help = "make the folder, or mend `folder`";
        probed.step("folder", found.map_err(|error| Obstacle::new(error, help)))?;
        let hidden = self.folder.join(".probe");
        let written = match tokio::fs::write(&hidden, "").await {
            Ok(()) => tokio::fs::remove_file(&hidden).await,
            Err(error) => Err(error),
        };
        let help = "give the user of the gateway the right to write to the folder";
        let written = written.map(|()| "files may be deleted".to_owned());
        probed.step("delete", written.map_err(|error| Obstacle::new(error, help)))
    }

    /// Stores a file, or a dead letter if it is too large.
    async fn take(&self, path: &Path, intake: &Intake) -> Result<(), Refused> {
        let most = self.config.max_bytes.min(intake.max_chunk_bytes() as u64);
        let bytes = match read(path, most + 1).await {
            Ok(bytes) => bytes,
            Err(error) => return Err(Refused::Failed(error.to_string())),
        };
        let peer = path.display().to_string();
        if bytes.len() as u64 <= most {
            return intake.store(Chunk::new([bytes]).sent_by(peer)).await;
        }
        let reason = Reason::new("oversize", format!("the file has more than {most} bytes"));
        let first = &bytes[..bytes.len().min(4096)];
        intake.reject(Chunk::new([first]).sent_by(peer), reason).await
    }
}

/// The files that are complete, in the order of their names.
async fn waiting(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = tokio::fs::read_dir(folder).await?;
    let mut files = Vec::new();
    while let Some(entry) = entries.next_entry().await? {
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !is_hidden && entry.file_type().await?.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// At most so many bytes of a file.
async fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    tokio::fs::File::open(path).await?.take(most).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// What the engine answers with another run.
fn broken(path: &Path, what: &dyn std::fmt::Display) -> ReceiverError {
    ReceiverError::Transient(format!("{}: {what}", path.display()))
}
