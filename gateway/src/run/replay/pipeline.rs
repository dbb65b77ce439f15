//! A replay of the dead letters of one pipeline.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::PathBuf;
use std::sync::Arc;

use forebay_core::budget::Budget;
use forebay_core::clock::Clock;
use forebay_core::component::{BuildContext, Input};
use forebay_core::decode::{Decode, RawColumns};
use forebay_core::engine::{Ended, InputParts, PipelineError};
use forebay_core::progress::Listener;
use forebay_core::trigger::Trigger;
use tokio_util::sync::CancellationToken;

use super::error::ReplayError;
use super::files::LetterFiles;
use super::redirect::Redirect;
use super::selection::{Choice, Selection};
use super::source::LetterSource;
use crate::config::{Config, PipelineConfig};
use crate::registry::Registry;
use crate::run::assembly::{AssemblyError, Shared, assemble_with};
use crate::run::place::{Place, file_name};

/// A replay of the dead letters of one pipeline.
pub struct Replay {
    config: PipelineConfig,
    place: Place,
    files: LetterFiles,
    memory: u64,
    ways: BTreeMap<Arc<str>, Way>,
}

/// How the letters of a source become records again.
struct Way {
    decoder: Arc<dyn Decode>,
    raw: RawColumns,
}

impl Replay {
    /// Prepares a replay. The letters are those of `folder`, or those beside the checkpoint.
    ///
    /// # Errors
    /// If the sources cannot be put together, or the place cannot be used.
    pub fn new(
        config: &Config,
        pipeline: PipelineConfig,
        folder: Option<PathBuf>,
    ) -> Result<Self, ReplayError> {
        let original = Place::new(&config.checkpoints, &pipeline.name);
        let place = original.replay();
        let mut ways = BTreeMap::new();
        for source in &pipeline.sources {
            // It is built for its decoder alone, and never connects.
            let context = BuildContext {
                name: source.name.clone(),
                pipeline: pipeline.name.clone(),
                base: source.base.clone(),
                instance: "replay".into(),
            };
            let input = source.settings.build_input(&context).map_err(|problem| {
                AssemblyError::of(&format!("sources.{}", source.name), &problem)
            })?;
            let decoder = match input {
                Input::Source(source) => source.decoder(),
                Input::Receiver(receiver) => receiver.decoder(),
            };
            if let Some(raw) = decoder.raw() {
                ways.insert(source.name.clone(), Way { decoder, raw });
            }
        }
        let files = LetterFiles::new(&folder.unwrap_or_else(|| original.dead_letters()));
        Ok(Self { config: pipeline, place, files, memory: config.gateway.memory.0, ways })
    }

    /// The files of the letters.
    #[must_use]
    pub fn files(&self) -> &LetterFiles {
        &self.files
    }

    /// Columns beside the decoded ones, by source: those that come empty from a letter that has kept
    /// the bytes of a record alone.
    #[must_use]
    pub fn kept_columns(&self) -> Vec<(Arc<str>, Vec<String>)> {
        let kept = |(name, way): (&Arc<str>, &Way)| {
            let decoded = way.decoder.schema()?;
            let raw = way.raw.schema.fields().iter().enumerate();
            let columns: Vec<String> = raw
                .filter(|(index, _)| *index != way.raw.value)
                .map(|(_, field)| field.name().clone())
                .filter(|name| decoded.field_with_name(name).is_ok())
                .collect();
            (!columns.is_empty()).then(|| (name.clone(), columns))
        };
        self.ways.iter().filter_map(kept).collect()
    }

    fn choice(&self, class: Option<String>, limit: Option<u64>) -> Choice {
        let sources = self.ways.keys().cloned().collect();
        Choice { pipeline: self.config.name.clone(), sources, class, limit }
    }

    /// Says what would be replayed, and changes nothing.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn look(
        &self,
        class: Option<String>,
        limit: Option<u64>,
    ) -> Result<Selection, ReplayError> {
        self.choice(class, limit).look(&self.files)
    }

    /// Chooses letters, of one class or at most so many, and takes them out of their files. `run`
    /// names this replay among all; no two may have the same name.
    ///
    /// # Errors
    /// If a file cannot be read or written.
    pub fn choose(
        &self,
        class: Option<String>,
        limit: Option<u64>,
        run: &str,
    ) -> Result<Selection, ReplayError> {
        self.choice(class, limit).take(&self.files, run)
    }

    /// The letters that an earlier replay left behind: how many files.
    ///
    /// # Errors
    /// If a folder cannot be read, or there are letters that cannot be replayed any more.
    pub fn left_behind(&self) -> Result<usize, ReplayError> {
        let files = self.files.under_way()?;
        let known: Vec<String> = self.ways.keys().map(|name| file_name(name)).collect();
        match files.iter().find(|file| !known.contains(&file.source)) {
            Some(orphan) => {
                Err(ReplayError::Orphans(orphan.path.parent().unwrap_or(&orphan.path).to_owned()))
            }
            None => Ok(files.len()),
        }
    }

    /// Whether an earlier replay has a checkpoint, in which something may have to be finished.
    #[must_use]
    pub fn was_begun(&self) -> bool {
        self.place.checkpoint().exists()
    }

    /// Keeps other replays of this pipeline away for as long as the result lives.
    ///
    /// # Errors
    /// If another has it.
    pub fn lock(&self) -> Result<File, ReplayError> {
        let folder = self.place.folder();
        fs::create_dir_all(folder).map_err(ReplayError::file(folder))?;
        let path = folder.join("replay.lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(ReplayError::file(&path))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(ReplayError::Held(folder.to_owned())),
            // Where the file system knows no locks, the checkpoint refuses a second writer.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
        }
    }

    /// Sends the letters through the pipeline, until all are committed or `stop` is cancelled.
    ///
    /// # Errors
    /// If the pipeline cannot be put together; the inner error is that of the run.
    pub async fn run(
        &self,
        registry: &Registry,
        clock: &Arc<dyn Clock>,
        listener: &Arc<dyn Listener>,
        stop: CancellationToken,
    ) -> Result<Result<Ended, PipelineError>, ReplayError> {
        let shared = Shared {
            budget: Budget::new(self.memory),
            clock: clock.clone(),
            listener: listener.clone(),
            available_now: true,
        };
        let limits: BTreeMap<_, _> = self
            .config
            .sources
            .iter()
            .map(|source| (source.name.clone(), source.keys.limits))
            .collect();
        let inputs = self.ways.iter().map(|(name, way)| {
            let (raw, decoder) = (way.raw.clone(), way.decoder.clone());
            let source = LetterSource::new(name.clone(), self.files.clone(), raw, decoder);
            let limits = limits.get(name).copied().unwrap_or_default();
            InputParts { name: name.clone(), source: Box::new(source), limits }
        });
        let assembled =
            assemble_with(inputs.collect(), &self.config, &self.place, registry, &shared)?;
        let mut pipeline = assembled.pipeline;
        pipeline.settings.trigger = Trigger::OnData;
        pipeline.dead_letters.sink = Box::new(Redirect::new(pipeline.dead_letters.sink));
        Ok(pipeline.run(stop).await)
    }
}
