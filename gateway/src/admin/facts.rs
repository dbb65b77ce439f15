//! All that an answer can draw on.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use forebay_core::budget::Budget;
use forebay_core::clock::Clock;
use forebay_core::engine::Window;
use forebay_core::secret::Secret;
use serde_json::Value;

use crate::config::{self, Config, SourceConfig};
use crate::registry::{Entry, Kind, Registry};
use crate::run::replay::Replays;
use crate::run::{Board, Bounds, Gateway, Observed, Place, Tunings};

/// All that an answer can draw on.
pub struct Facts {
    pub(super) board: Arc<Board>,
    pub(super) clock: Arc<dyn Clock>,
    /// When the process began, in milliseconds since the Unix epoch.
    pub(super) started_ms: u64,
    pub(super) budget: Budget,
    pub(super) observed: Vec<Observed>,
    pub(super) letters: BTreeMap<Arc<str>, Letters>,
    /// The configuration as it runs, without secrets.
    pub(super) config: Value,
    /// What bounds each pipeline.
    pub(super) bounds: BTreeMap<Arc<str>, Bounds>,
    /// How large the journal of each receiver may grow, in bytes.
    pub(super) journals: BTreeMap<Arc<str>, u64>,
    /// What may be changed of the pipelines.
    pub(super) tunings: Tunings,
    /// Where each pipeline can be looked into.
    pub(super) windows: BTreeMap<Arc<str>, Window>,
    /// The replays of dead letters that were asked for.
    pub(super) replays: Arc<Replays>,
    /// What whoever changes something has to show.
    pub(super) token: Option<Secret>,
    /// Host names by which the address may be asked for.
    pub(super) allowed_hosts: Vec<String>,
    /// How many splits of each pipeline have metrics of their own.
    pub(super) split_series: usize,
    /// The types that this binary has.
    pub(super) types: Vec<String>,
}

/// Where the dead letters of a pipeline go.
#[derive(Clone, Debug)]
pub(super) enum Letters {
    /// To files of JSON lines in this folder.
    Folder(PathBuf),
    /// To this sink.
    Sink(Arc<str>),
}

impl Facts {
    /// What is known of pipelines that are put together.
    #[must_use]
    pub fn new(
        config: &Config,
        registry: &Registry,
        gateway: &Gateway,
        board: Arc<Board>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let letters = config.pipelines.iter().map(|pipeline| {
            let letters = match &pipeline.dead_letters {
                Some(sink) => Letters::Sink(sink.name.clone()),
                None => {
                    let place = Place::new(&config.checkpoints, &pipeline.name);
                    let folder = place.dead_letters();
                    Letters::Folder(std::path::absolute(&folder).unwrap_or(folder))
                }
            };
            (pipeline.name.clone(), letters)
        });
        let types = registry.entries().iter();
        let types = types.map(|entry: &Entry| format!("{} {}", entry.kind(), entry.name()));
        let bounds = config.pipelines.iter();
        let bounds = bounds.map(|own| (own.name.clone(), Bounds::new(config, own)));
        let sources = config.pipelines.iter().flat_map(|pipeline| &pipeline.sources);
        let receivers = sources.filter(|source| source.settings.entry().kind() == Kind::Receiver);
        let journals = receivers.map(|source| (source.name.clone(), journal_bytes(source)));
        let replays = Replays::new(config.clone(), registry.clone(), clock.clone());
        Self {
            bounds: bounds.collect(),
            journals: journals.collect(),
            tunings: gateway.tunings().clone(),
            windows: gateway.windows().clone(),
            replays: Arc::new(replays),
            token: config.gateway.admin_token.clone(),
            letters: letters.collect(),
            board,
            started_ms: clock.now_ms().saturating_sub(millis(clock.elapsed())),
            clock,
            budget: gateway.budget().clone(),
            observed: gateway.observed().to_vec(),
            config: config::shown(config),
            allowed_hosts: config.gateway.allowed_hosts.clone(),
            split_series: usize::try_from(config.gateway.split_series).unwrap_or(usize::MAX),
            types: types.collect(),
        }
    }
}

/// What telemetry asks for.
#[cfg(feature = "otel")]
impl Facts {
    /// Hears of everything that happens from now on.
    pub(crate) fn follow(&self) -> tokio::sync::broadcast::Receiver<forebay_core::progress::Event> {
        self.board.follow()
    }

    /// The components of all pipelines.
    pub(crate) fn observed(&self) -> &[Observed] {
        &self.observed
    }

    /// The most series that a metric of splits can have.
    pub(crate) fn most_series(&self) -> usize {
        self.split_series.saturating_mul(self.bounds.len())
    }
}

fn journal_bytes(source: &SourceConfig) -> u64 {
    source.keys.journal.max_bytes()
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").field("observed", &self.observed).finish_non_exhaustive()
    }
}
