//! Splits that come back, leave and vanish, and what of older times is not taken.

use super::*;

#[tokio::test]
async fn a_split_that_comes_back_starts_where_its_other_owner_left_it() {
    let mut bench = Bench::begin(false, &[("a", 40, 1)], &[]).await;
    bench.named(vec![split("a", 1, 40, None)]).await;
    bench.input.advance(&range("a", 1, 40, 60));
    bench.named(vec![]).await;
    assert_eq!(bench.open(), []);
    for start in [90, 55] {
        // Further than this gateway was, and, after a crash of the other owner, less far.
        let generation = 100 - start;
        bench.named(vec![split("a", generation, start, None)]).await;
        assert_eq!(bench.open(), [at("a", start, None)]);
        bench.named(vec![split("a", generation, 0, None)]).await;
        assert_eq!(bench.open(), [at("a", start, None)], "a start counts once per generation");
    }
}

#[tokio::test]
async fn a_split_whose_end_was_read_but_not_committed_is_read_again_when_it_comes_back() {
    let mut bench = Bench::begin(false, &[], &[]).await;
    bench.named(vec![split("a", 1, 0, Some(10))]).await;
    bench.input.advance(&last("a", 1, 0, 10));
    assert_eq!(bench.open(), []);
    bench.named(vec![]).await;
    bench.named(vec![split("a", 2, 4, Some(10))]).await;
    assert_eq!(bench.open(), [at("a", 4, None)]);
}

#[tokio::test]
async fn a_split_whose_end_is_committed_is_never_read_again() {
    let mut bench = Bench::begin(false, &[], &["before"]).await;
    let named = |generation| {
        vec![split("a", generation, 0, Some(10)), split("before", generation, 0, Some(10))]
    };
    bench.named(named(1)).await;
    bench.input.advance(&last("a", 1, 0, 10));
    bench.input.committed(&last("a", 1, 0, 10));
    for generation in [1, 2, 3] {
        bench.named(named(generation)).await;
        assert_eq!(bench.open(), [], "generation {generation}");
    }
}

#[tokio::test]
async fn a_commit_of_an_older_generation_leaves_the_newer_one_where_it_is() {
    let mut bench = Bench::begin(false, &[], &[]).await;
    bench.named(vec![split("a", 1, 0, Some(10))]).await;
    bench.input.advance(&last("a", 1, 0, 10));
    bench.named(vec![split("a", 2, 4, Some(10))]).await;
    bench.input.advance(&range("a", 2, 4, 8));
    bench.input.committed(&last("a", 1, 0, 10));
    bench.named(vec![split("a", 2, 4, Some(10))]).await;
    assert_eq!(bench.open(), [at("a", 8, None)]);
}

#[tokio::test]
async fn a_split_that_leaves_is_released_when_nothing_of_it_is_under_way() {
    let mut bench = Bench::begin(false, &[], &[]).await;
    bench.named(vec![split("a", 1, 0, Some(100)), split("b", 1, 0, Some(100))]).await;
    bench.input.advance(&range("a", 1, 0, 30));
    bench.named(vec![leaving("a"), split("b", 1, 0, Some(100))]).await;
    assert_eq!(bench.open(), [at("b", 0, None)]);
    assert!(bench.input.has_leaving());

    bench.tell(&["a"]).await;
    assert_eq!(bench.released(), [] as [&str; 0], "a batch with it is under way");
    bench.input.committed(&range("a", 1, 0, 30));
    bench.tell(&[]).await;
    assert_eq!(bench.released(), ["a"]);
    assert_eq!(bench.source.with(|script| script.told[0].position.clone()), 30.into());
    bench.tell(&[]).await;
    assert_eq!(bench.released(), ["a"], "once");
    assert!(!bench.input.has_leaving());

    // It comes back, and leaves once more.
    bench.named(vec![split("b", 1, 0, Some(100))]).await;
    bench.named(vec![split("a", 2, 50, Some(100))]).await;
    assert_eq!(bench.open(), [at("a", 50, None)]);
    bench.named(vec![leaving("a")]).await;
    bench.tell(&[]).await;
    assert_eq!(bench.released(), ["a", "a"]);
}

#[tokio::test]
async fn what_the_source_did_not_take_is_told_again() {
    let mut bench = Bench::begin(false, &[], &[]).await;
    bench.named(vec![leaving("a")]).await;
    bench.input.committed(&range("a", 1, 0, 30));
    bench.source.with(|script| script.refuses = true);
    bench.tell(&[]).await;
    assert!(bench.input.has_news());
    assert_eq!(bench.released(), [] as [&str; 0], "not before its positions are told");
    bench.input.committed(&range("a", 1, 30, 40));
    bench.source.with(|script| script.refuses = false);
    bench.tell(&[]).await;
    assert!(!bench.input.has_news());
    let told = bench.source.with(|script| script.told.clone());
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].position, 40.into());
    assert_eq!(bench.released(), ["a"]);
}

#[tokio::test]
async fn splits_that_vanish_hold_up_no_bounded_run_and_are_not_read() {
    let mut bench = Bench::begin(true, &[], &[]).await;
    bench.named(vec![split("a", 1, 0, Some(10)), split("b", 1, 0, Some(10))]).await;
    bench.input.advance(&range("a", 1, 0, 10));
    assert!(!bench.is_exhausted());
    bench.named(vec![split("a", 1, 0, Some(10))]).await;
    assert_eq!(bench.open(), []);
    assert!(bench.is_exhausted());
}

#[tokio::test]
async fn what_is_forgotten_may_come_as_something_new() {
    let mut bench = Bench::begin(false, &[], &[]).await;
    bench.named(vec![split("a", 1, 0, Some(10))]).await;
    bench.input.advance(&last("a", 1, 0, 10));
    bench.input.committed(&last("a", 1, 0, 10));
    bench.source.with(|script| script.forgets = vec!["a".into()]);
    assert_eq!(bench.tell(&[]).await, [SplitId::from("a")]);
    bench.named(vec![split("a", 1, 2, Some(20))]).await;
    assert_eq!(bench.open(), [at("a", 2, None)]);
}
