//! How much is read, and in which order.

use std::time::Duration;

use forebay_core::Source;
use forebay_core::source::Resume;
use forebay_core::split::{SplitPhase, SplitStatus};
use forebay_core::units::ByteSize;
use forebay_files_source::Order;
use proptest::prelude::*;
use tempfile::tempdir;

use crate::content::{gzip, set_age};
use crate::harness::{Harness, config, open, write};

#[tokio::test]
async fn files_come_in_the_order_asked_for_and_no_more_than_that_at_once() {
    let folder = tempdir().unwrap();
    for (age, name) in [(30, "c"), (20, "a"), (10, "b")] {
        set_age(&write(folder.path(), name, format!("{name}\n{name}\n")), age);
    }
    for (order, expected) in [(Order::Oldest, "ccaabb"), (Order::Newest, "bbaacc")] {
        let mut config = config(folder.path());
        config.order = order;
        config.max_files_per_batch = 1;
        let mut harness = Harness::new(config).await;
        let phases: Vec<_> = harness.splits().await.iter().map(|status| status.phase).collect();
        assert_eq!(phases, [SplitPhase::Ended, SplitPhase::Waiting, SplitPhase::Waiting]);
        assert_eq!(harness.texts_after(6).await.concat(), expected);
    }
}

#[tokio::test]
async fn a_batch_takes_no_more_bytes_than_asked_for() {
    let folder = tempdir().unwrap();
    for name in ["a", "b", "c"] {
        write(folder.path(), name, "12345\n12345\n");
    }
    let mut config = config(folder.path());
    config.max_bytes_per_batch = Some(ByteSize(12));
    let mut harness = Harness::new(config).await;
    harness.read(1000).await;
    assert_eq!(harness.texts().len(), 2);
}

#[tokio::test]
async fn files_are_read_at_once_and_come_in_their_order() {
    let folder = tempdir().unwrap();
    for number in 0..12 {
        let text: String = (0..500).map(|line| format!("{number} {line}\n")).collect();
        set_age(&write(folder.path(), &format!("{number:02}"), text), 100 - number);
    }
    let mut config = config(folder.path());
    config.max_files_per_batch = 12;
    let mut harness = Harness::new(config).await;
    let mut expected = Vec::new();
    for from in (0..500).step_by(100) {
        assert_eq!(harness.read(100).await, 12, "one slice of each file");
        let lines = move |number| (from..from + 100).map(move |line| format!("{number} {line}"));
        expected.extend((0..12).flat_map(lines));
    }
    assert_eq!(harness.texts(), expected);
}

#[tokio::test]
async fn the_backlog_is_estimated_from_what_was_read() {
    let folder = tempdir().unwrap();
    let text: String = (0..5000).map(|number| format!("{number:05}\n")).collect();
    for name in ["a", "b", "c"] {
        write(folder.path(), name, &text);
    }
    let mut config = config(folder.path());
    config.max_files_per_batch = 2;
    let mut harness = Harness::new(config).await;
    let backlogs = |statuses: Vec<SplitStatus>| statuses.into_iter().map(|it| it.backlog);
    assert!(backlogs(harness.splits().await).all(|backlog| backlog.is_none()), "nothing is known");
    harness.only("a", 1000).await;
    let about =
        |backlog: u64, records: u64| (records..records + records / 8 + 20).contains(&backlog);
    let found: Vec<_> = backlogs(harness.splits().await).flatten().collect();
    assert!(about(found[0], 4000), "{found:?}");
    assert!(about(found[1], 5000) && about(found[2], 5000), "{found:?}");
    harness.drain(Duration::ZERO).await;
    assert_eq!(harness.texts().len(), 15_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// However the reads are cut: the same lines, at positions that a replay finds again.
    #[test]
    fn any_grants_yield_the_lines_and_replay_the_same(
        lines in prop::collection::vec("[a-z]{0,30}", 1..40),
        steps in prop::collection::vec((1_u64..10, 1_u64..120), 1..60),
        end in prop::sample::select(vec!["\n", "\r\n"]),
        compressed: bool,
        closed: bool,
    ) {
        let mut text = lines.join(end);
        if closed {
            text.push_str(end);
        }
        prop_assume!(!text.is_empty());
        let expected: Vec<String> = text.lines().map(str::to_owned).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempdir().unwrap();
            match compressed {
                true => write(folder.path(), "a.gz", gzip(&text)),
                false => write(folder.path(), "a", &text),
            };
            let mut harness = Harness::new(config(folder.path())).await;
            for (records, bytes) in steps {
                harness.read_limited(records, bytes).await;
            }
            harness.drain(Duration::ZERO).await;
            assert_eq!(harness.texts(), expected);
            let ranges: Vec<_> = harness.slices.iter().map(|slice| slice.range.clone()).collect();
            let mut again = open(&config(folder.path()));
            again.connect(&Resume::default()).await.unwrap();
            let replayed = again.replay(&ranges).await.unwrap();
            for (slice, first) in replayed.iter().zip(&harness.slices) {
                assert_eq!((&slice.records, &slice.range), (&first.records, &first.range));
            }
            again.close().await;
            harness.source.close().await;
        });
    }
}
