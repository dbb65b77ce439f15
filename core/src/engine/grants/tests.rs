//! What holds for any candidates, limits, carry and times, and which bound is named.

use proptest::prelude::*;

use super::*;
use crate::split::SplitPhase;
use crate::units::ByteSize;

const HALF: Duration = Duration::from_millis(500);
const NO_BOUNDS: BatchBounds =
    BatchBounds { configured: None, controller: None, max_records: 1_000_000_000, bytes: 1 << 40 };

fn candidate(input: usize, split: usize, backlog: Option<u64>) -> Candidate {
    Candidate {
        input,
        status: SplitStatus {
            split: split.to_string().into(),
            generation: 0,
            start: 0.into(),
            end: None,
            backlog,
            oldest_ms: None,
            phase: SplitPhase::Active,
        },
        next: 0.into(),
        until: None,
    }
}

/// Counts what was read as if each record had so many bytes, never more bytes than granted unless
/// it is one record.
fn read(meters: &mut [SourceMeter], granted: &Granted, now: Duration, record_bytes: u64) -> u64 {
    let mut records = 0;
    for (meter, grants) in meters.iter_mut().zip(&granted.grants) {
        for grant in grants {
            let taken = grant.records.min((grant.bytes / record_bytes.max(1)).max(1));
            meter.take(now, &grant.split, taken, taken * record_bytes);
            records += taken;
        }
    }
    records
}

/// One source at work for so many periods; what each of its splits was granted in all.
fn saturated(limits: Limits, backlogs: &[u64], bounds: BatchBounds, batches: u32) -> Vec<u64> {
    let mut meters = [SourceMeter::new(&limits, HALF)];
    let candidates: Vec<Candidate> = backlogs
        .iter()
        .enumerate()
        .map(|(split, backlog)| candidate(0, split, Some(*backlog)))
        .collect();
    let mut sums = vec![0; backlogs.len()];
    for batch in 0..batches {
        let now = HALF * batch;
        let granted = grant(&candidates, &mut meters, &bounds, now);
        read(&mut meters, &granted, now, 1);
        for grant in &granted.grants[0] {
            sums[grant.split.as_str().parse::<usize>().unwrap()] += grant.records;
        }
    }
    sums
}

fn rates() -> impl Strategy<Value = Option<f64>> {
    prop::option::of((-1.0..5.0_f64).prop_map(|magnitude| 10_f64.powf(magnitude)))
}

fn limits() -> impl Strategy<Value = Limits> {
    let bytes = || prop::option::of((1_u64..1 << 20).prop_map(ByteSize));
    (rates(), rates(), rates(), bytes(), bytes()).prop_map(|(all, most, least, bytes, own)| {
        Limits {
            max_rate: all,
            max_rate_per_split: most,
            min_rate_per_split: least,
            max_bytes_per_second: bytes,
            max_bytes_per_second_per_split: own,
        }
    })
}

fn backlogs() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![
        1 => Just(None),
        4 => (0.0..9.0_f64).prop_map(|magnitude| Some(10_f64.powf(magnitude) as u64)),
    ]
}

fn bounds() -> impl Strategy<Value = BatchBounds> {
    let records = || prop::option::of(0_u64..10_000);
    (records(), records(), 1_u64..20_000, 1_u64..1 << 24).prop_map(
        |(configured, controller, max_records, bytes)| BatchBounds {
            configured,
            controller,
            max_records,
            bytes,
        },
    )
}

/// One batch: the time since the one before, its bounds, and of each split of two sources whether
/// it may be read, and its backlog.
type Round = (u64, BatchBounds, Vec<Option<Option<u64>>>);

const SPLITS: usize = 4;

fn round() -> impl Strategy<Value = Round> {
    let splits = prop::collection::vec(prop::option::of(backlogs()), 2 * SPLITS);
    (0_u64..2_000, bounds(), splits)
}

/// What was read, and when, under one limit.
#[derive(Default)]
struct Log(Vec<(Duration, u64)>);

impl Log {
    /// Whether no window holds more than its time and one burst allow.
    fn holds(&self, per_second: f64, period: Duration) -> Result<(), TestCaseError> {
        let burst = (per_second * period.as_secs_f64()).ceil().max(1.0);
        for first in 0..self.0.len() {
            let mut sum = 0;
            for (time, records) in &self.0[first..] {
                sum += records;
                let seconds = (*time - self.0[first].0).as_secs_f64();
                let most = per_second * seconds + burst + 1.0;
                prop_assert!(sum as f64 <= most, "{sum} in {seconds} s at {per_second}/s");
            }
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn no_bound_is_ever_exceeded(
        limits in prop::collection::vec(limits(), 2),
        period_ms in 10_u64..5_000,
        record_bytes in 0_u64..200,
        rounds in prop::collection::vec(round(), 1..25),
    ) {
        let period = Duration::from_millis(period_ms);
        let mut meters: Vec<_> = limits.iter().map(|it| SourceMeter::new(it, period)).collect();
        let mut now = Duration::from_secs(5);
        let mut of_source: [Log; 2] = Default::default();
        let mut of_split: [Log; 2 * SPLITS] = Default::default();
        for (after_ms, bounds, splits) in rounds {
            now += Duration::from_millis(after_ms);
            let candidates: Vec<Candidate> = splits
                .iter()
                .enumerate()
                .filter_map(|(index, at)| at.map(|it| candidate(index / SPLITS, index, it)))
                .collect();
            let granted = grant(&candidates, &mut meters, &bounds, now);

            let all = || granted.grants.iter().flatten();
            let records: u64 = all().map(|grant| grant.records).sum();
            prop_assert!(records <= bounds.records().0, "{records} of {bounds:?}");
            prop_assert_eq!(records, granted.records);
            let bytes: u64 = all().map(|grant| grant.bytes).sum();
            prop_assert!(bytes <= bounds.bytes + all().count() as u64, "{bytes} of {bounds:?}");
            for grant in all() {
                prop_assert!(grant.records > 0 && grant.bytes > 0, "{grant:?}");
                let index: usize = grant.split.as_str().parse().unwrap();
                let backlog = splits[index].expect("a candidate").unwrap_or(u64::MAX);
                prop_assert!(grant.records <= backlog, "{grant:?} of {backlog}");
                of_split[index].0.push((now, grant.records));
            }
            for (log, grants) in of_source.iter_mut().zip(&granted.grants) {
                log.0.push((now, grants.iter().map(|grant| grant.records).sum()));
            }
            // Without bytes per record all that was granted is read, and every limit is tight.
            for (meter, grants) in meters.iter_mut().zip(&granted.grants) {
                for grant in grants {
                    let bytes = (grant.records * record_bytes).min(grant.bytes);
                    meter.take(now, &grant.split, grant.records, bytes);
                }
            }
        }
        for (index, limits) in limits.iter().enumerate() {
            if let Some(rate) = limits.max_rate {
                of_source[index].holds(rate, period)?;
            }
            for log in &of_split[index * SPLITS..][..SPLITS] {
                if let Some(rate) = limits.max_rate_per_split {
                    log.holds(rate, period)?;
                }
            }
        }
    }

    /// Also where a period holds a fraction of a record, and where ticks come a little early or
    /// late.
    #[test]
    fn a_saturated_split_reaches_its_rate(
        magnitude in -1.0..5.0_f64,
        period_ms in 10_u64..2_000,
        jitter in prop::collection::vec(-0.01..0.01_f64, 50),
        source in any::<bool>(),
    ) {
        let rate = 10_f64.powf(magnitude);
        let period = Duration::from_millis(period_ms);
        let limits = match source {
            true => Limits { max_rate: Some(rate), ..Limits::default() },
            false => Limits { max_rate_per_split: Some(rate), ..Limits::default() },
        };
        let mut meters = [SourceMeter::new(&limits, period)];
        let candidates = [candidate(0, 0, Some(u64::MAX))];
        // So long that a whole record is no more than one percent.
        let batches = (100.0 / (rate * period.as_secs_f64())).max(100.0).ceil() as usize;
        let mut sum = 0;
        let mut now = Duration::ZERO;
        for batch in 0..batches {
            let ticks = batch as f64 + 1.0 + jitter[batch % jitter.len()];
            now = period.mul_f64(ticks);
            let granted = grant(&candidates, &mut meters, &NO_BOUNDS, now);
            let most = rate * period.as_secs_f64() + 1.0;
            prop_assert!((granted.records as f64) < most, "{granted:?}");
            sum += read(&mut meters, &granted, now, 0);
        }
        let due = rate * now.as_secs_f64();
        prop_assert!((0.95..=1.05).contains(&(sum as f64 / due)), "{sum} of {due}");
    }

    /// Sharing is by backlog: nobody who is due some records goes without.
    #[test]
    fn nobody_with_a_backlog_starves(
        backlogs in prop::collection::vec((0.0..6.0_f64).prop_map(|m| 10_f64.powf(m) as u64), 1..20),
        per_batch in 1_u64..1_000,
        by_source in any::<bool>(),
    ) {
        let rate = per_batch as f64 / HALF.as_secs_f64();
        let (limits, bounds) = match by_source {
            true => (Limits { max_rate: Some(rate), ..Limits::default() }, NO_BOUNDS),
            false => (Limits::default(), BatchBounds { max_records: per_batch, ..NO_BOUNDS }),
        };
        let sums = saturated(limits, &backlogs, bounds, 100);
        let all: u64 = backlogs.iter().sum();
        for (backlog, sum) in backlogs.iter().zip(&sums) {
            let part = *backlog as f64 / all as f64;
            let due = 100.0 * (part * per_batch as f64).min(*backlog as f64);
            let least = due - 3.0 - (backlogs.len() as f64).ln();
            prop_assert!(*sum as f64 >= least, "{sum} of {due}: {backlogs:?} {sums:?}");
        }
    }

    #[test]
    fn a_floor_is_given_where_there_is_room(
        others in prop::collection::vec(1_000_000_u64..1_000_000_000, 0..6),
        floor in 0.1..100.0_f64,
        spare in 0_u64..1_000,
        by_source in any::<bool>(),
    ) {
        let splits = others.len() + 1;
        let per_batch = (floor * 0.5 * splits as f64).ceil() as u64 + spare;
        let max_rate = by_source.then_some(per_batch as f64 * 2.0);
        let limits = Limits { min_rate_per_split: Some(floor), max_rate, ..Limits::default() };
        let max_records = if by_source { NO_BOUNDS.max_records } else { per_batch };
        let mut backlogs = others;
        backlogs.push(1_000);
        let sums = saturated(limits, &backlogs, BatchBounds { max_records, ..NO_BOUNDS }, 100);
        for sum in &sums {
            let least = floor * 0.5 * 100.0 - 3.0 - (splits as f64).ln();
            prop_assert!(*sum as f64 >= least, "{sums:?}, at least {least} each");
        }
    }
}

/// A limit of one source in bytes is its own: how many records the other sources yield, which have
/// no such limit, does not matter.
#[test]
fn a_limit_in_bytes_is_reached_beside_a_large_source() {
    let limited = Limits { max_bytes_per_second: Some(ByteSize(1_000_000)), ..Limits::default() };
    let mut meters = [SourceMeter::new(&limited, HALF), SourceMeter::new(&Limits::default(), HALF)];
    let candidates = [
        candidate(0, 0, Some(500_000)),
        candidate(0, 1, Some(500_000)),
        candidate(1, 2, Some(9_000_000)),
    ];
    let bounds = BatchBounds { max_records: 1_000_000, ..NO_BOUNDS };
    let mut bytes = 0;
    for batch in 1..=100 {
        let now = HALF * batch;
        let granted = grant(&candidates, &mut meters, &bounds, now);
        bytes += granted.grants[0].iter().map(|grant| grant.bytes).sum::<u64>();
        read(&mut meters, &granted, now, 100);
    }
    assert!((47_500_000..=50_500_000).contains(&bytes), "{bytes} bytes in 50 s at 1 MB/s");
}

#[test]
fn the_bound_that_bites_is_named() {
    let open = Limits::default();
    let per_split = Limits { max_rate_per_split: Some(20.0), ..open };
    let source = Limits { max_rate: Some(20.0), ..open };
    let batch = BatchBounds { max_records: 100, ..NO_BOUNDS };
    let configured = BatchBounds { configured: Some(50), ..batch };
    let controller = BatchBounds { controller: Some(50), ..batch };
    let lower = BatchBounds { controller: Some(40), ..configured };
    let higher = BatchBounds { controller: Some(60), ..configured };
    let nothing = BatchBounds { configured: Some(0), ..batch };
    let cases = [
        ("more than a batch takes", open, batch, vec![Some(1_000)], LimitedBy::BatchSize),
        ("less than a batch takes", open, batch, vec![Some(30), Some(30)], LimitedBy::Available),
        ("nobody knows how much", open, batch, vec![None], LimitedBy::BatchSize),
        ("the pipeline's rate", open, configured, vec![Some(1_000)], LimitedBy::Configured),
        ("the controller", open, controller, vec![Some(1_000)], LimitedBy::Controller),
        ("the lower of both", open, lower, vec![Some(1_000)], LimitedBy::Controller),
        ("the higher does not bite", open, higher, vec![Some(1_000)], LimitedBy::Configured),
        ("no bound bites", open, lower, vec![Some(30)], LimitedBy::Available),
        ("a rate that is used up", open, nothing, vec![Some(30)], LimitedBy::Configured),
        ("each split's rate", per_split, batch, vec![Some(99), Some(99)], LimitedBy::Configured),
        ("one split's rate", per_split, batch, vec![Some(99), Some(5)], LimitedBy::Configured),
        ("a rate above the backlog", per_split, batch, vec![Some(9)], LimitedBy::Available),
        ("each split's, unknown", per_split, batch, vec![None], LimitedBy::Configured),
        ("the source's rate", source, batch, vec![Some(99), Some(99)], LimitedBy::Configured),
        ("the source's, unknown", source, batch, vec![None], LimitedBy::Configured),
        ("the source's is above", source, batch, vec![Some(3), Some(3)], LimitedBy::Available),
    ];
    for (name, limits, bounds, backlogs, expected) in cases {
        let mut meters = [SourceMeter::new(&limits, HALF)];
        let candidates: Vec<Candidate> = backlogs
            .into_iter()
            .enumerate()
            .map(|(split, backlog)| candidate(0, split, backlog))
            .collect();
        let granted = grant(&candidates, &mut meters, &bounds, HALF);
        assert_eq!(granted.bound_by, expected, "{name}");
    }
}

#[test]
fn bytes_that_are_used_up_bound_the_batch_by_configuration() {
    let limits = Limits { max_bytes_per_second: Some(ByteSize(100)), ..Limits::default() };
    let mut meters = [SourceMeter::new(&limits, HALF)];
    meters[0].take(HALF, &"0".into(), 1, 1_000);
    let granted = grant(&[candidate(0, 0, Some(10))], &mut meters, &NO_BOUNDS, HALF);
    assert_eq!((granted.records, granted.bound_by), (0, LimitedBy::Configured));
    assert!(granted.grants[0].is_empty());
}
