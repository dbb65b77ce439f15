//! The sink as the engine sees it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use forebay_core::clock::Clock;
use forebay_core::component::Observe;
use forebay_core::probe::Probed;
use forebay_core::sink::{Durability, Receipt, SinkError, Written};
use forebay_core::{Batch, Sink};
use tokio::time::Instant;

use crate::device::{self, sentence};
use crate::open_file::Output;
use crate::probe::probe;
use crate::publication::{Publication, clear, publish};
use crate::receipt::FilesReceipt;
use crate::staging::{HIDDEN_FOLDER, Plan, StageError, Staging};
use crate::status::{Snapshot, Status};

/// The sink `files`. Its work blocks, so it is done on threads for that.
pub(crate) struct FilesSink {
    /// Only ever locked by one piece of work at a time, and never across an await.
    staging: Arc<Mutex<Staging>>,
    status: Arc<Status>,
    clock: Arc<dyn Clock>,
    state: State,
    /// Rises with each recovery: work that an earlier run gave up may still wait for a thread, and
    /// must not touch what is staged then.
    run: u64,
    /// Whether the sink's folder was there in this run. From then on it is not made anew.
    was_there: bool,
}

/// Whether what is staged can be relied on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Sound,
    /// Work is under way; if a call finds it so, the call before it was dropped in mid-work.
    Working,
    /// Work failed: only recovery helps.
    InDoubt,
}

impl FilesSink {
    pub(crate) fn new(plan: Plan, output: Output, clock: Arc<dyn Clock>) -> Self {
        let staging = Arc::new(Mutex::new(Staging::new(plan, output)));
        Self {
            staging,
            status: Arc::default(),
            clock,
            state: State::Sound,
            run: 0,
            was_there: false,
        }
    }

    /// Does work on a thread that may block.
    async fn work<T, E>(
        &mut self,
        failed: impl FnOnce(String) -> E,
        work: impl FnOnce(&mut Staging, &Status) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let (staging, status) = (Arc::clone(&self.staging), Arc::clone(&self.status));
        let thread = tokio::task::spawn_blocking(move || {
            let mut staging = staging.lock().unwrap_or_else(PoisonError::into_inner);
            let result = work(&mut staging, &status);
            let (open_files, staged_bytes, staged_rows) = staging.amounts();
            let settled_files = staging.settled.len();
            status.update(|now| {
                *now = Snapshot {
                    open_files,
                    staged_bytes,
                    staged_rows,
                    settled_files,
                    ..now.clone()
                };
            });
            result
        });
        thread
            .await
            .unwrap_or_else(|error| Err(failed(format!("the writing thread ended: {error}"))))
    }

    /// Does work on what is staged: if it does not come to a good end, that is in doubt.
    async fn staged_work<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Staging, &Status) -> Result<T, StageError> + Send + 'static,
    ) -> Result<T, SinkError> {
        match self.state {
            State::Sound => {}
            State::Working => {
                return Err(SinkError::Reset(
                    "writing was broken off, so it is not known which rows are staged".to_owned(),
                ));
            }
            State::InDoubt => {
                return Err(SinkError::Reset(
                    "an earlier write failed, so what is staged is in doubt".to_owned(),
                ));
            }
        }
        self.state = State::Working;
        let run = self.run;
        let in_this_run = move |staging: &mut Staging, status: &Status| {
            if staging.run != run {
                return Err(StageError::Doubt("this run was given up".to_owned()));
            }
            work(staging, status)
        };
        let result = self.work(StageError::Doubt, in_this_run).await;
        self.state = if result.is_ok() { State::Sound } else { State::InDoubt };
        result.map_err(|error| match error {
            StageError::Columns(text) => SinkError::Fatal(text),
            StageError::Doubt(text) => SinkError::Reset(text),
        })
    }
}

#[async_trait]
impl Sink for FilesSink {
    fn durability(&self) -> Durability {
        Durability::Settles
    }

    async fn connect(&mut self) -> Result<(), SinkError> {
        let was_there = self.was_there;
        self.work(std::convert::identity, move |staging, _| {
            if was_there {
                device::require_folder(&staging.plan.root)?;
            }
            let folder = staging.plan.staging_folder();
            device::make_folder(&folder)
                .map_err(|error| sentence("make the folder", &folder, &error))?;
            device::probe(&folder).map_err(|error| sentence("write to", &folder, &error))
        })
        .await
        .map_err(SinkError::Transient)?;
        self.was_there = true;
        Ok(())
    }

    async fn recover(&mut self, receipt: Option<&Receipt>) -> Result<(), SinkError> {
        let receipt = receipt.map(FilesReceipt::read).transpose().map_err(SinkError::Fatal)?;
        self.run += 1;
        let run = self.run;
        self.work(std::convert::identity, move |staging, status| {
            if staging.run > run {
                return Err("this recovery was given up".to_owned());
            }
            staging.reset();
            staging.run = run;
            let own = staging.plan.staging_folder();
            if let Some(receipt) = &receipt {
                let root = root_of(receipt, &staging.plan);
                note(status, publish(&root, receipt)?);
                let former = root.join(&receipt.staging);
                if former != own {
                    clear(&former)?;
                    remove_empty(&root, &former);
                }
            }
            clear(&own)
        })
        .await
        .map_err(SinkError::Transient)?;
        self.state = State::Sound;
        Ok(())
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, SinkError> {
        let batch = batch.clone();
        let (now, now_ms) = (Instant::now(), self.clock.now_ms());
        self.staged_work(move |staging, _| staging.write(&batch, now, now_ms)).await
    }

    async fn settle(&mut self, now: bool) -> Result<Option<Receipt>, SinkError> {
        let instant = Instant::now();
        self.staged_work(move |staging, _| staging.settle(now, instant)).await
    }

    async fn publish(&mut self, receipt: &Receipt) -> Result<(), SinkError> {
        let receipt = FilesReceipt::read(receipt).map_err(SinkError::Fatal)?;
        self.work(std::convert::identity, move |staging, status| {
            note(status, publish(&root_of(&receipt, &staging.plan), &receipt)?);
            staging.settled.retain(|file| !receipt.files.contains(file));
            Ok(())
        })
        .await
        .map_err(SinkError::Transient)
    }

    async fn close(&mut self) {
        let closed: Result<(), String> = self
            .work(std::convert::identity, |staging, _| {
                let unsettled = staging.unsettled();
                staging.reset();
                for path in unsettled {
                    fs::remove_file(&path).map_err(|error| sentence("remove", &path, &error))?;
                }
                remove_empty(&staging.plan.root, &staging.plan.staging_folder());
                Ok(())
            })
            .await;
        if let Err(error) = closed {
            tracing::warn!(error, "staged files could not be cleared away, the next start will");
        }
    }

    async fn probe(&mut self, _: Option<&SchemaRef>) -> Probed {
        let looked = self.work(std::convert::identity, |staging, _| {
            let mut probed = Probed::default();
            // Where it ended is its last step.
            let _ = probe(&staging.plan, &mut probed);
            Ok::<_, String>(probed)
        });
        looked.await.unwrap_or_else(|error| Probed::opened(Err(error)))
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(Arc::clone(&self.status) as Arc<dyn Observe>)
    }
}

/// The folder in which the files of a receipt stand: where it says, or, if that is no more, where
/// the options say, as after a move.
fn root_of(receipt: &FilesReceipt, plan: &Plan) -> PathBuf {
    if receipt.path.is_dir() { receipt.path.clone() } else { plan.root.clone() }
}

/// Removes a folder of staged files, and the hidden one, as far as they are empty.
pub(crate) fn remove_empty(root: &Path, folder: &Path) {
    for folder in [folder, &root.join(HIDDEN_FOLDER)] {
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

fn note(status: &Status, publication: Publication) {
    for file in &publication.missing {
        tracing::warn!(
            file,
            "a file of the checkpoint is neither staged nor published: a reader took it, or it was removed by hand"
        );
    }
    status.update(|now| {
        now.published_files += publication.published.len() as u64;
        now.missing_files += publication.missing.len() as u64;
        if let Some(last) = publication.published.into_iter().next_back() {
            now.last_published = Some(last);
        }
    });
}

#[cfg(test)]
mod tests;
