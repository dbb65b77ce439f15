//! `adaptive` against `pid` over the scenarios: what `docs/estimators.md` claims.

use forebay_core::flow::simulation::{Cost, Scenario, Scores, replay, run, scenarios, table};
use forebay_core::flow::{Backpressure, EstimatorKind};

const SEEDS: u64 = 20;

fn settings(estimator: EstimatorKind) -> Backpressure {
    Backpressure { estimator, ..Backpressure::default() }
}

fn scores(scenario: &Scenario, kind: EstimatorKind) -> Scores {
    let mut estimator = settings(kind).estimator(scenario.interval);
    Scores::of(scenario, &run(scenario, estimator.as_mut(), Some(2_000.0)))
}

/// The scores of `pid` and of `adaptive`.
fn both(name: &str) -> (Scores, Scores) {
    let scenario = named(name);
    (scores(&scenario, EstimatorKind::Pid), scores(&scenario, EstimatorKind::Adaptive))
}

#[expect(clippy::expect_used, reason = "a test that names no scenario must fail")]
fn named(name: &str) -> Scenario {
    scenarios().into_iter().find(|scenario| scenario.name == name).expect("a scenario")
}

fn settling(scores: &Scores) -> f64 {
    scores.settling.unwrap_or(f64::INFINITY)
}

/// Around the headroom of 80 %.
fn aims_at_headroom(scores: &Scores) {
    assert!((0.75..0.87).contains(&scores.utilisation), "{scores:?}");
}

#[test]
fn the_table_in_the_docs_is_what_the_program_prints() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/estimators.md");
    let docs = std::fs::read_to_string(docs).expect("docs/estimators.md");
    assert!(
        docs.contains(&table()),
        "docs/estimators.md is stale: put there what \
         `cargo run -p forebay-core --example estimators` prints:\n{}",
        table()
    );
}

#[test]
fn slower_sinks_are_met_sooner_with_less_overshoot_and_delay() {
    let (pid, adaptive) = both("sinks three times slower");
    assert!(settling(&adaptive) < settling(&pid), "{adaptive:?} {pid:?}");
    assert!(adaptive.overshoot < pid.overshoot, "{adaptive:?} {pid:?}");
    assert!(adaptive.max_delay < pid.max_delay, "{adaptive:?} {pid:?}");
    aims_at_headroom(&adaptive);
}

#[test]
fn faster_sinks_are_used_as_soon() {
    let (pid, adaptive) = both("sinks three times faster");
    assert!(settling(&adaptive) <= settling(&pid), "{adaptive:?} {pid:?}");
    assert_eq!(adaptive.overshoot, 0.0);
    aims_at_headroom(&adaptive);
}

#[test]
fn sinks_that_slow_down_are_followed_within_the_interval() {
    let (pid, adaptive) = both("sinks ever slower, 1 % per interval");
    assert_eq!(adaptive.settling, Some(0.0));
    assert!(adaptive.overshoot < pid.overshoot, "{adaptive:?} {pid:?}");
    assert_eq!(adaptive.max_delay, 0.0);
    aims_at_headroom(&adaptive);
}

#[test]
fn a_burst_after_idling_is_neither_throttled_nor_too_much() {
    let (pid, adaptive) = both("idle, then a burst");
    assert!(settling(&adaptive) < settling(&pid), "{adaptive:?} {pid:?}");
    assert_eq!(adaptive.overshoot, 0.0);
    let scenario = named("idle, then a burst");
    let burst = f64::from(scenario.change) * scenario.interval.as_secs_f64() * 1000.0;
    let first = |kind| {
        let mut estimator = settings(kind).estimator(scenario.interval);
        let trace = run(&scenario, estimator.as_mut(), Some(2_000.0));
        trace.steps.into_iter().find(|step| step.began_ms > burst).expect("a burst")
    };
    let (pid, adaptive) = (first(EstimatorKind::Pid), first(EstimatorKind::Adaptive));
    assert!(adaptive.records > 20 * pid.records, "{adaptive:?} {pid:?}");
    assert!(adaptive.expected_ms < 500.0, "{adaptive:?}");
}

#[test]
fn noise_is_averaged_out_whatever_its_seed() {
    for (name, within) in
        [("noisy sinks, 25 %", 0.0), ("noisy sinks, 25 %, three times slower", 12.0)]
    {
        let (mut sooner, mut settled) = (0, 0);
        let (mut overshoot, mut overshoot_of_pid) = (0.0, 0.0);
        for seed in 0..SEEDS {
            let scenario = Scenario { seed, ..named(name) };
            let pid = scores(&scenario, EstimatorKind::Pid);
            let adaptive = scores(&scenario, EstimatorKind::Adaptive);
            sooner += u64::from(settling(&adaptive) < settling(&pid));
            settled += u64::from(settling(&adaptive) <= within);
            overshoot += adaptive.overshoot;
            overshoot_of_pid += pid.overshoot;
            assert!((0.7..0.9).contains(&adaptive.utilisation), "{name} {seed}: {adaptive:?}");
        }
        assert!(sooner >= SEEDS - 2, "{name}: sooner in {sooner} of {SEEDS}");
        assert!(settled >= 18, "{name}: settled in {settled} of {SEEDS}");
        assert!(overshoot < 0.6 * overshoot_of_pid, "{name}: {overshoot}, {overshoot_of_pid}");
    }
}

#[test]
fn a_stall_is_overcome_as_soon() {
    let (pid, adaptive) = both("sinks stall once, for five intervals");
    assert!(settling(&adaptive) <= settling(&pid), "{adaptive:?} {pid:?}");
    assert!(adaptive.max_delay < pid.max_delay, "{adaptive:?} {pid:?}");
    aims_at_headroom(&adaptive);
}

#[test]
fn neither_noise_nor_fixed_cost_nor_both_throw_it_off() {
    for noise in [0.05, 0.15, 0.25, 0.4] {
        for fixed in [0.0, 50.0, 150.0, 250.0] {
            for seed in 0..SEEDS {
                let mut scenario =
                    Scenario { noise, seed, intervals: 300, ..named("noisy sinks, 25 %") };
                scenario.cost = match fixed {
                    0.0 => |_| Cost { fixed: 0.0, each: 0.05 },
                    50.0 => |_| Cost { fixed: 50.0, each: 0.05 },
                    150.0 => |_| Cost { fixed: 150.0, each: 0.05 },
                    _ => |_| Cost { fixed: 250.0, each: 0.05 },
                };
                let found = scores(&scenario, EstimatorKind::Adaptive);
                let what = format!("{noise} {fixed} {seed}: {found:?}");
                assert!((0.74..0.88).contains(&found.utilisation), "{what}");
                assert!(found.overshoot < if noise > 0.2 { 1.3 } else { 0.5 }, "{what}");
                assert!(found.max_delay < if noise > 0.3 { 5.0 } else { 2.5 }, "{what}");
            }
        }
    }
}

#[test]
fn fixed_costs_are_spread_over_more_records() {
    let (pid, adaptive) = both("most of the interval is fixed cost");
    assert!(adaptive.throughput > 1.5 * pid.throughput, "{adaptive:?} {pid:?}");
    // Two intervals, less the headroom.
    assert!(adaptive.overshoot < 0.61, "{adaptive:?}");

    let (pid, adaptive) = both("fixed cost above the interval");
    assert!(adaptive.throughput > 100.0 * pid.throughput, "{adaptive:?} {pid:?}");
    // Three intervals, less the headroom.
    assert!(adaptive.overshoot < 1.41, "{adaptive:?}");
}

#[test]
fn what_a_slow_split_leaves_is_given_to_the_others() {
    let (pid, adaptive) = both("one of four splits is slow");
    assert!(adaptive.throughput > pid.throughput, "{adaptive:?} {pid:?}");
    assert!(settling(&adaptive) <= settling(&pid), "{adaptive:?} {pid:?}");
    assert_eq!(adaptive.overshoot, 0.0);
    aims_at_headroom(&adaptive);
}

#[test]
fn a_replay_publishes_what_the_run_published() {
    let scenario = named("noisy sinks, 25 %");
    for kind in [EstimatorKind::Pid, EstimatorKind::Adaptive] {
        let settings = settings(kind);
        let trace = run(&scenario, settings.estimator(scenario.interval).as_mut(), None);
        let rates = replay(&trace.observations(), scenario.interval, &settings);
        assert_eq!(rates.len(), trace.steps.len());
        // The rate that came out of one batch is the rate of the next.
        for (rate, next) in rates.iter().zip(&trace.steps[1..]) {
            assert_eq!(*rate, next.rate);
        }
    }
}
