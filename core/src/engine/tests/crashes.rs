//! Whatever fails and whenever the process dies, a sink that settles holds each record exactly
//! once, and one that is durable at write at least once.

use std::time::Duration;

use futures::FutureExt;
use proptest::prelude::*;

use crate::checkpoint::Ledger;
use crate::sink::SinkError;
use crate::source::Committed;
use crate::source::SourceError;
use crate::testing::{MemoryCheckpoint, Numbers, Recorder};

use super::super::{Ended, OpenCheckpoint, Settings};
use super::{Bench, numbers, settings};

const SPLITS: &[u64] = &[120, 77, 0, 301];

/// A fault in about one of `one_in` calls, by a hash of seed and call; none after `last`.
fn strikes(seed: u64, one_in: u64, last: u64, call: u64) -> Option<u64> {
    let hash =
        (seed ^ call.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xD1B5_4A32_D192_ED03);
    (call <= last && (hash >> 32).is_multiple_of(one_in)).then_some(hash >> 8)
}

fn sink_fault(seed: u64) -> crate::testing::SinkFault {
    Box::new(move |call| {
        strikes(seed, 6, 200, call).map(|hash| match hash % 3 {
            0 => SinkError::Transient("overloaded".into()),
            1 => SinkError::Disconnected("connection reset".into()),
            _ => SinkError::Reset("no space left on device".into()),
        })
    })
}

fn source_fault(seed: u64) -> crate::testing::SourceFault {
    Box::new(move |call| {
        strikes(seed, 6, 200, call).map(|hash| match hash % 2 {
            0 => SourceError::Transient("timed out".into()),
            _ => SourceError::Disconnected("broker is away".into()),
        })
    })
}

/// Whether a position that a source was told is in the checkpoint.
fn is_known(ledger: &Ledger, told: &Committed) -> bool {
    let known = &ledger.sources["numbers"];
    let reached = known.positions.get(&told.split).is_some_and(|at| at.position >= told.position);
    known.finished.contains(&told.split) || reached
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(test)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn faults_of_every_part_lose_and_double_nothing(seed: u64, every in 1_u64..6, in_flight in 1_usize..4) {
        run(async {
            let bench = Bench::on(MemoryCheckpoint::failing(move |write| strikes(seed ^ 1, 5, 100, write).is_some()));
            let settings = Settings { max_in_flight: in_flight, ..settings() };
            let source = numbers(SPLITS).failing(source_fault(seed ^ 2));
            let sink = Recorder::settling(&bench.rows, every).failing(sink_fault(seed ^ 3));
            let ended = bench.run(bench.pipeline(settings, source, sink)).await;
            assert_eq!(ended, Ok(Ended::Drained));
            assert_eq!(bench.numbers(), Numbers::all(SPLITS));
        });
    }

    #[test]
    fn a_process_or_machine_that_dies_at_any_moment_loses_and_doubles_nothing(
        seed: u64,
        lives in prop::collection::vec(0_u64..4_000, 0..12),
        every in 1_u64..6,
        settles: bool,
        power: bool,
    ) {
        run(async {
            let bench = Bench::new();
            let lives = lives.into_iter().map(Some).chain([None]);
            for (life, millis) in lives.enumerate() {
                let source = numbers(SPLITS).failing(source_fault(seed ^ life as u64));
                let told = source.committed.clone();
                let sink = if settles {
                    Recorder::settling(&bench.rows, every)
                } else {
                    Recorder::new(&bench.rows)
                };
                let sink = sink.failing(sink_fault(seed ^ 77 ^ life as u64));
                let running = bench.run(bench.pipeline(settings(), source, sink));
                match millis {
                    // Dropping the pipeline is what `kill -9` does to it.
                    Some(millis) => {
                        let life = tokio::time::timeout(Duration::from_millis(millis), running);
                        let _ = life.await;
                        let synced = bench.checkpoint.synced();
                        for one in told.lock().unwrap().values() {
                            assert!(is_known(&synced, one), "{one:?} was told before it was safe");
                        }
                        if power {
                            bench.checkpoint.lose_power();
                        }
                    }
                    None => assert_eq!(running.await, Ok(Ended::Drained)),
                }
            }
            let mut numbers = bench.numbers();
            if !settles {
                numbers.dedup();
            }
            assert_eq!(numbers, Numbers::all(SPLITS));
            assert!(bench.checkpoint.ledger().pending.is_empty());
        });
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_committed_is_not_published() {
    let bench = Bench::new();
    let checkpoint = bench.checkpoint.clone();
    // After connect and write, another gateway opens the checkpoint while the sink settles.
    let taken_over = Box::new(move |call: u64| {
        if call == 3 {
            let opened = checkpoint.open().now_or_never();
            assert!(opened.is_some_and(|opened| opened.is_ok()));
        }
        None
    });
    let sink = Recorder::settling(&bench.rows, 1).failing(taken_over);
    let failed = bench.run(bench.pipeline(settings(), numbers(&[5]), sink)).await.unwrap_err();
    assert_eq!(failed.component, "checkpoint");
    assert_eq!(bench.checkpoint.ledger().committed, 0);
    assert!(bench.numbers().is_empty(), "the other gateway writes these once more");
}
