//! The handle by which the source has its leases kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use forebay_clients::aws::Failure;
use forebay_core::SplitId;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::board::Board;
use super::holdings::Finding;
use super::lease::Mark;
use super::renewer;
use super::settings::Settings;
use super::table::Table;
use super::taker::{Taker, pass_on};
use crate::place::Place;
use crate::report::Leases;
use crate::shared::Shared;

/// How long letting go may take, at most: what was not let go expires.
const FAREWELL: Duration = Duration::from_secs(5);

/// The handle by which the source has its leases kept.
pub(crate) struct Keeper {
    board: Arc<Board>,
    tasks: JoinSet<()>,
}

impl Keeper {
    /// Takes what is this worker's share, and goes on in tasks of its own.
    pub(crate) async fn start(
        table: Arc<dyn Table>,
        shared: Arc<Shared>,
        settings: Settings,
    ) -> Result<Self, Failure> {
        table.prepare().await?;
        let board = Arc::new(Board::new(table, shared, settings));
        // What is taken is renewed from the first moment on.
        let mut tasks = JoinSet::new();
        tasks.spawn(renewer::run(Arc::clone(&board)));
        let mut taker = Taker::new(Arc::clone(&board));
        let looked = taker.look().await;
        let mut keeper = Self { board, tasks };
        match looked {
            Ok(()) => {
                keeper.tasks.spawn(taker.run());
                Ok(keeper)
            }
            Err(failure) => {
                keeper.stop().await;
                Err(failure)
            }
        }
    }

    /// The shards that are this worker's to read.
    pub(crate) fn findings(&self) -> BTreeMap<SplitId, Finding> {
        let state = self.board.state();
        state.holdings.findings(Instant::now(), &state.open)
    }

    /// A shard was read up to a place under a generation, and that is committed.
    pub(crate) fn note(&self, shard: &SplitId, generation: u64, place: &Place) {
        let Some(mark) = Mark::of(place) else { return };
        let is_end = mark == Mark::End;
        self.board.state().holdings.note(shard, generation, mark);
        if is_end {
            self.board.look.notify_one();
        } else {
            self.board.write.notify_one();
        }
    }

    /// A shard that was leaving may go.
    pub(crate) fn release(&self, shard: &SplitId) {
        self.board.state().holdings.release(shard);
        self.board.write.notify_one();
    }

    /// What was kept of a shard is not there any more: it is read anew.
    pub(crate) fn begin_anew(&self, shard: &SplitId) {
        self.board.state().holdings.begin_anew(shard);
    }

    /// Who took a lease of this worker under its own name, if somebody did.
    pub(crate) fn successor(&self) -> Option<String> {
        self.board.state().successor.clone()
    }

    /// What is going on.
    pub(crate) fn report(&self) -> Leases {
        let state = self.board.state();
        Leases {
            worker: self.board.settings.me.clone(),
            held: state.holdings.len(),
            unowned: state.unowned,
            taken: state.taken,
            lost: state.lost,
            left: state.left,
            trouble: state.write_trouble.clone().or_else(|| state.look_trouble.clone()),
        }
    }

    /// Keeps what is not kept yet and lets all leases go, so that others need not wait.
    pub(crate) async fn stop(mut self) {
        self.tasks.shutdown().await;
        let deadline = Instant::now() + FAREWELL.min(self.board.settings.failover);
        let farewell = async {
            if let Err(failure) = pass_on(&self.board).await {
                tracing::debug!(%failure, "the end of a shard is left to the next owner");
            }
            self.board.state().holdings.release_all();
            loop {
                renewer::step(&self.board).await;
                let Some(next) = self.board.state().holdings.next(Instant::now()) else { return };
                sleep_until(next).await;
            }
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if timeout(left, farewell).await.is_err() {
            let leases = self.board.state().holdings.len();
            tracing::warn!(leases, "leases are left to expire: the table did not answer in time");
        }
    }
}
