//! Where splits are read from, and where a run ends.

use super::*;

#[tokio::test]
async fn a_split_is_read_from_its_start_or_from_the_checkpoint() {
    let mut bench = Bench::begin(false, &[("known", 40, 1)], &["done"]).await;
    let named = || {
        vec![
            split("known", 1, 0, Some(100)),
            split("new", 1, 7, None),
            split("done", 1, 0, Some(100)),
        ]
    };
    bench.named(named()).await;
    assert_eq!(bench.open(), [at("known", 40, None), at("new", 7, None)]);
    bench.input.advance(&range("new", 1, 7, 9));
    bench.named(named()).await;
    assert_eq!(bench.open(), [at("known", 40, None), at("new", 9, None)]);
    let resumed = bench.source.with(|script| script.resumed.clone());
    assert_eq!(resumed[0].finished, [SplitId::from("done")]);
}

#[tokio::test]
async fn a_bounded_run_ends_where_it_was_pinned() {
    let mut bench = Bench::begin(true, &[], &[]).await;
    bench.named(vec![split("a", 1, 0, Some(10)), split("b", 1, 5, Some(5))]).await;
    assert_eq!(bench.open(), [at("a", 0, Some(10))], "of b there is nothing");
    assert!(!bench.is_exhausted());
    bench.input.advance(&range("a", 1, 0, 10));
    // More has come since, and another split.
    bench
        .named(vec![split("a", 1, 0, Some(50)), split("b", 1, 5, Some(9)), split("c", 1, 0, None)])
        .await;
    assert_eq!(bench.open(), []);
    assert!(bench.is_exhausted());
}

#[tokio::test(start_paused = true)]
async fn what_stays_connected_is_tried_again_soon_however_often_it_failed() {
    let mut bench = Bench::begin(false, &[], &[]).await;
    for _ in 0..20 {
        let failed: Result<(), _> = Err(SourceError::Transient("not now".into()));
        bench.input.settle_link(failed, &Backoff::default()).unwrap();
    }
    let pause = bench.input.retry_at().unwrap() - Instant::now();
    assert!(pause <= MENDING_PAUSE, "{pause:?}");
}

#[tokio::test]
async fn a_slice_without_records_moves_a_split_past_a_gap() {
    let mut bench = Bench::begin(true, &[("a", 10, 1)], &[]).await;
    bench.named(vec![split("a", 1, 0, Some(20))]).await;
    let gap = Range { records: 0, bytes: 0, ..range("a", 1, 10, 20) };
    let records = arrow::array::RecordBatch::new_empty(Arc::new(arrow::datatypes::Schema::empty()));
    let slice = Slice { range: gap, records, raw: None, position: None };
    bench.source.with(|script| script.slices = vec![slice]);
    let deadline = Instant::now();
    let read = bench.input.read(&[grant("a", 10)], deadline, &Backoff::default()).await.unwrap();
    // Nothing to write or to commit, and nothing left to read before the pinned end.
    assert!(read.is_empty());
    assert!(bench.open().is_empty());
    assert!(bench.is_exhausted());
}

/// A deadline that a read keeps.
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

#[tokio::test]
async fn an_end_that_nobody_knows_is_where_a_read_finds_nothing() {
    let mut bench = Bench::begin(true, &[], &[]).await;
    bench.named(vec![split("a", 1, 3, None)]).await;
    assert_eq!(bench.open(), [at("a", 3, None)]);
    let read = bench.input.read(&[grant("a", 3)], soon(), &Backoff::default()).await;
    assert!(read.unwrap().is_empty());
    assert!(bench.is_exhausted());
    bench.named(vec![split("a", 1, 3, Some(50))]).await;
    assert_eq!(bench.open(), []);
}

#[tokio::test]
async fn a_read_that_ran_out_of_time_pins_no_end() {
    let mut bench = Bench::begin(true, &[], &[]).await;
    bench.named(vec![split("a", 1, 3, None)]).await;
    let read = bench.input.read(&[grant("a", 3)], Instant::now(), &Backoff::default()).await;
    assert!(read.unwrap().is_empty());
    assert!(!bench.is_exhausted());
    assert_eq!(bench.open(), [at("a", 3, None)]);
}

#[tokio::test]
async fn an_end_that_is_known_later_is_pinned_then() {
    let mut bench = Bench::begin(true, &[], &[]).await;
    bench.named(vec![split("a", 1, 3, None)]).await;
    bench.named(vec![split("a", 1, 3, Some(20))]).await;
    bench.named(vec![split("a", 1, 3, Some(50))]).await;
    assert_eq!(bench.open(), [at("a", 3, Some(20))]);
    bench.input.advance(&range("a", 1, 3, 20));
    assert!(bench.is_exhausted());
}

#[tokio::test]
async fn a_read_that_fails_pins_no_end() {
    let mut bench = Bench::begin(true, &[], &[]).await;
    bench.named(vec![split("a", 1, 3, None)]).await;
    bench.source.with(|script| script.refuses = true);
    let read = bench.input.read(&[grant("a", 3)], soon(), &Backoff::default()).await;
    assert!(read.unwrap().is_empty());
    assert_eq!(bench.open(), [], "it pauses");
    assert!(!bench.is_exhausted());
}

#[tokio::test]
async fn a_split_that_shrank_ends_earlier_than_it_was_pinned() {
    let mut bench = Bench::begin(true, &[], &[]).await;
    bench.named(vec![split("a", 1, 0, Some(10))]).await;
    bench.input.advance(&range("a", 1, 0, 6));
    let shrunk =
        SplitStatus { phase: SplitPhase::Ended, backlog: Some(0), ..split("a", 1, 0, Some(6)) };
    bench.named(vec![shrunk]).await;
    assert!(bench.is_exhausted());
}

#[tokio::test]
async fn a_split_that_waits_is_pinned_and_not_read_yet() {
    let mut bench = Bench::begin(true, &[], &[]).await;
    let waiting = SplitStatus { phase: SplitPhase::Waiting, ..split("b", 1, 0, Some(4)) };
    bench.named(vec![split("a", 1, 0, Some(0)), waiting]).await;
    assert_eq!(bench.open(), []);
    assert!(!bench.is_exhausted(), "b is still to come");
    bench.named(vec![split("b", 1, 0, Some(9))]).await;
    assert_eq!(bench.open(), [at("b", 0, Some(4))]);
}
