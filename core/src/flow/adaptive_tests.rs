use super::*;
use proptest::prelude::*;

const B: f64 = 500.0;

/// An estimator, and a sink that it writes to every 500 ms.
struct Bench {
    adaptive: Adaptive,
    time_ms: f64,
}

impl Bench {
    fn new(settings: Backpressure) -> Self {
        Self { adaptive: Adaptive::new(&settings, Duration::from_millis(500)), time_ms: 0.0 }
    }

    fn batch(&mut self, records: f64, processing_ms: f64, delay_ms: f64, limited: bool) -> f64 {
        self.time_ms += B;
        let batch = Observation {
            time_ms: self.time_ms,
            records,
            processing_ms,
            scheduling_delay_ms: delay_ms,
            limited,
        };
        self.adaptive.observe(&batch).expect("a rate")
    }

    /// Batches as large as the rate allows.
    fn saturate(&mut self, mut rate: f64, batches: usize, cost: impl Fn(f64) -> f64) -> f64 {
        for _ in 0..batches {
            let records = (rate * B / 1000.0).floor().max(1.0);
            rate = self.batch(records, cost(records), 0.0, true);
        }
        rate
    }
}

fn from(initial: f64) -> Bench {
    Bench::new(Backpressure { initial: Some(initial), minimum: 1.0, ..Default::default() })
}

#[test]
fn it_finds_the_headroom_for_any_cost_that_leaves_room() {
    for fixed in [0.0, 1.0, 50.0, 150.0, 250.0] {
        for each in [0.001, 0.1, 10.0] {
            let rate = from(1_000.0).saturate(1_000.0, 60, |n| fixed + each * n);
            let processing = fixed + each * rate * B / 1000.0;
            assert!((390.0..425.0).contains(&processing), "{fixed} {each}: {processing}");
        }
    }
}

#[test]
fn the_first_batch_is_enough_to_cut_a_backlog_to_size() {
    let mut bench = Bench::new(Backpressure::default());
    let rate = bench.batch(1e6, 10_000.0, 0.0, false);
    assert_eq!(rate, 1e6 * 0.04 * 2.0);
}

#[test]
fn a_small_first_batch_allows_ten_times_its_size() {
    let mut bench = Bench::new(Backpressure { minimum: 1.0, ..Default::default() });
    assert_eq!(bench.batch(10.0, 1.0, 0.0, false), 200.0);
}

#[test]
fn idling_keeps_the_rate_and_what_was_learned() {
    let cost = |n: f64| 20.0 + 0.1 * n;
    let mut bench = from(1_000.0);
    let rate = bench.saturate(1_000.0, 30, cost);
    for _ in 0..5_000 {
        assert_eq!(bench.batch(3.0, cost(3.0), 0.0, false), rate);
    }
    let burst = bench.saturate(rate, 1, cost);
    assert!((burst / rate - 1.0).abs() < 0.1, "{burst} after {rate}");
}

#[test]
fn a_batch_that_was_not_limited_and_yet_too_long_cuts_the_rate() {
    let mut bench = from(100_000.0);
    let rate = bench.batch(1_000.0, 900.0, 0.0, false);
    assert!(rate < 1_000.0, "{rate}");
}

#[test]
fn a_raise_is_gentle_and_a_cut_is_not() {
    let mut bench = from(1_000.0);
    let mut rate = 1_000.0;
    for _ in 0..40 {
        let next = bench.saturate(rate, 1, |n| 0.001 * n);
        assert!(next <= 2.0 * rate);
        rate = next;
    }
    assert!(bench.saturate(rate, 1, |n| 0.01 * n) < 0.2 * rate);
}

#[test]
fn a_delay_is_drained() {
    let (mut late, mut punctual) = (from(1_000.0), from(1_000.0));
    let rate = late.saturate(1_000.0, 30, |n| 0.4 * n);
    punctual.saturate(1_000.0, 30, |n| 0.4 * n);
    let records = (rate * B / 1000.0).floor();
    let without = punctual.batch(records, 0.4 * records, 0.0, true);
    let with = late.batch(records, 0.4 * records, 400.0, true);
    assert!(with < 0.9 * without, "{with} {without}");
}

#[test]
fn the_rate_stays_between_minimum_and_maximum() {
    let settings =
        Backpressure { minimum: 50.0, maximum: Some(5_000.0), ..Backpressure::default() };
    let mut bench = Bench::new(settings);
    assert_eq!(bench.batch(1e6, 1.0, 0.0, false), 5_000.0);
    assert_eq!(bench.batch(1.0, 60_000.0, 0.0, true), 50.0);
}

#[test]
fn batches_that_say_nothing_leave_no_trace() {
    let mut bench = from(1_000.0);
    bench.saturate(1_000.0, 5, |n| 0.1 * n);
    let before = format!("{:?}", bench.adaptive);
    let good = Observation {
        time_ms: 1e9,
        records: 10.0,
        processing_ms: 10.0,
        scheduling_delay_ms: 0.0,
        limited: true,
    };
    for bad in [
        Observation { time_ms: 0.0, ..good },
        Observation { time_ms: f64::NAN, ..good },
        Observation { records: 0.0, ..good },
        Observation { records: f64::INFINITY, ..good },
        Observation { processing_ms: 0.0, ..good },
        Observation { processing_ms: f64::NAN, ..good },
    ] {
        assert_eq!(bench.adaptive.observe(&bad), None, "{bad:?}");
    }
    assert_eq!(format!("{:?}", bench.adaptive), before);
}

proptest! {
    /// Whatever the costs are and however they change.
    #[test]
    fn it_settles_after_any_change(
        fixed in 0.0..200.0_f64, fixed_then in 0.0..200.0_f64,
        each in -3.0..0.0_f64, factor in -0.8..0.8_f64,
    ) {
        let (each, each_then) = (10_f64.powf(each), 10_f64.powf(each + factor));
        let mut bench = from(100.0);
        let rate = bench.saturate(100.0, 60, |n| fixed + each * n);
        let rate = bench.saturate(rate, 40, |n| fixed_then + each_then * n);
        for _ in 0..20 {
            let rate = bench.saturate(rate, 1, |n| fixed_then + each_then * n);
            let processing = fixed_then + each_then * rate * B / 1000.0;
            prop_assert!((300.0..=500.0).contains(&processing), "{processing}");
        }
    }

    #[test]
    fn the_rate_is_in_range_whatever_it_is_told(
        batches in prop::collection::vec((told(), told(), told(), any::<bool>()), 1..100),
    ) {
        let settings = Backpressure { maximum: Some(1e12), ..Backpressure::default() };
        let mut adaptive = Adaptive::new(&settings, Duration::ZERO);
        for (index, (records, processing_ms, scheduling_delay_ms, limited)) in
            batches.into_iter().enumerate()
        {
            let time_ms = index as f64;
            let batch =
                Observation { time_ms, records, processing_ms, scheduling_delay_ms, limited };
            if let Some(rate) = adaptive.observe(&batch) {
                prop_assert!((100.0..=1e12).contains(&rate), "{rate}");
            }
        }
    }
}

fn told() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-7.0..16.0_f64).prop_map(|magnitude| 10_f64.powf(magnitude)),
        1 => any::<f64>(),
        1 => prop::sample::select(vec![0.0, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE]),
    ]
}
