//! A gateway that runs, with its admin address.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use forebay::Registry;
use forebay::admin::{Bound, Facts};
use forebay::config::load;
use forebay::run::{Board, Gateway, RunMode, Summary};
use forebay_core::clock::{Clock, SystemClock};
use forebay_core::progress::Listener;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::client::PATIENCE;

/// A pipeline of made-up records that ends up in memory.
pub(crate) const GENERATOR_TO_MEMORY: &str = r#"
[sources.orders]
type = "generator"
rows_per_second = 2000
splits = 3

[sinks.last]
type = "memory"
rows = 5

[pipelines.p]
from = ["orders"]
to = ["last"]
interval = "20ms"
backpressure = { initial = 1000 }
"#;

/// A source with records that cannot be decoded among 200, and a sink; a pipeline is to follow.
pub(crate) const BROKEN: &str = r#"
[sources.orders]
type = "generator"
as = "json"
format = "json"
schema = { id = "bigint" }
broken_ratio = 0.5
count = 200
unlimited = true

[sinks.last]
type = "memory"
"#;

/// A gateway that runs, with its admin address.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) folder: TempDir,
    pipelines: JoinHandle<Summary>,
    admin: JoinHandle<()>,
    stop: CancellationToken,
    admin_stop: CancellationToken,
}

impl Running {
    pub(crate) async fn start(text: &str) -> Self {
        Self::start_with(text, |_| {}).await
    }

    /// Starts after `prepare` put something into the folder of the configuration.
    pub(crate) async fn start_with(text: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        let path = folder.path().join("forebay.toml");
        std::fs::write(&path, text).unwrap();
        let registry = Registry::default();
        let loaded = load(&[path], &registry, &|_| None);
        let findings = loaded.findings.render(forebay::config::Style::Plain);
        let config = loaded.config.ok_or(findings).unwrap();
        let clock: Arc<dyn Clock> = SystemClock::shared();
        let board = Arc::new(Board::new(config.pipelines.iter().map(|pipeline| &pipeline.name)));
        let listener: Arc<dyn Listener> = board.clone();
        let bound = Bound::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = bound.address();
        let mode = RunMode::UntilStopped;
        let gateway = Gateway::assemble(&config, &registry, mode, &clock, &listener).unwrap();
        let facts = Facts::new(&config, &registry, &gateway, board, clock);
        let (stop, admin_stop) = (CancellationToken::new(), CancellationToken::new());
        Self {
            address,
            folder,
            admin: tokio::spawn(bound.serve(facts, admin_stop.clone())),
            pipelines: tokio::spawn(gateway.run(stop.clone())),
            stop,
            admin_stop,
        }
    }

    /// Stops the pipelines, and leaves the admin address.
    pub(crate) async fn drain(&mut self) {
        self.stop.cancel();
        let drained = tokio::time::timeout(PATIENCE, &mut self.pipelines).await;
        drained.unwrap().unwrap();
    }

    /// Stops everything.
    pub(crate) async fn end(mut self) {
        if !self.pipelines.is_finished() {
            self.drain().await;
        }
        self.end_admin().await;
    }

    /// Stops the admin address of pipelines that were drained.
    pub(crate) async fn end_admin(self) {
        self.admin_stop.cancel();
        tokio::time::timeout(PATIENCE, self.admin).await.unwrap().unwrap();
    }
}
