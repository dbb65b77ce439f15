//! Writing what is to be written of the leases that are held.

use std::sync::Arc;

use forebay_clients::aws::Meaning;
use futures::stream::{self, StreamExt};
use tokio::time::{Instant, sleep_until};

use super::board::Board;
use super::holdings::{Became, What, Write};

/// Writes under way at a time, as in the client library.
const WRITES: usize = 20;

/// Goes on until it is dropped.
pub(crate) async fn run(board: Arc<Board>) {
    loop {
        let next = board.state().holdings.next(Instant::now());
        let wait = async {
            match next {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wait => {}
            () = board.write.notified() => {}
        }
        step(&board).await;
    }
}

/// Writes what is due, and drops what was not renewed in time.
pub(crate) async fn step(board: &Board) {
    let now = Instant::now();
    let due = {
        let mut state = board.state();
        let expired = state.holdings.expire(now);
        expired.iter().for_each(|shard| state.lose(shard, "it could not be renewed in time"));
        state.holdings.due(now)
    };
    stream::iter(due).for_each_concurrent(WRITES, |it| write(board, it)).await;
    board.tell();
}

async fn write(board: &Board, write: Write) {
    let (table, me) = (&board.table, &board.settings.me);
    let Write { shard, counter, what } = &write;
    let sent = Instant::now();
    let outcome = match what {
        What::Renew => table.renew(shard, me, *counter).await,
        What::Keep(mark) => table.keep(shard, me, *counter, mark).await,
        What::LetGo => table.let_go(shard, me).await,
    };
    let mut owner = None;
    let became = match outcome {
        Ok(()) => Ok(board.state().holdings.done(&write, sent)),
        // Another worker has it, or only the answer to an earlier write was lost.
        Err(failure) if failure.meaning == Meaning::Condition => {
            let there = table.get(shard).await;
            there.map(|there| {
                let became = board.state().holdings.refused(&write, there.as_ref());
                owner = there.and_then(|lease| lease.owner);
                became
            })
        }
        Err(failure) => Err(failure),
    };
    let mut state = board.state();
    match became {
        Err(failure) => {
            tracing::debug!(%shard, %failure, "a lease could not be written");
            state.holdings.failed(&write, Instant::now());
            state.write_trouble = Some(failure.text);
            return;
        }
        Ok(Became::Held | Became::Free) => {}
        Ok(Became::Over) => {
            state.open.remove(shard);
            // What comes after it can be taken at once.
            board.look.notify_one();
        }
        Ok(Became::Lost) if *what == What::LetGo => {}
        Ok(Became::Lost) => {
            state.lose_to(shard, owner.as_deref(), &board.settings);
            board.look.notify_one();
        }
    }
    state.write_trouble = None;
}
