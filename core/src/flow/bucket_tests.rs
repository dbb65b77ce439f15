use super::*;
use proptest::prelude::*;

fn rate(per_second: f64, burst: f64) -> Rate {
    Rate { per_second, burst }
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

#[test]
fn it_starts_full_fills_at_its_rate_and_no_further_than_its_burst() {
    let bucket = Bucket::new(rate(10.0, 20.0));
    let start = seconds(1.7e9);
    assert_eq!(bucket.available(start), 20);
    bucket.take(start, 20);
    assert_eq!(bucket.available(start), 0);
    assert_eq!(bucket.available(start + seconds(0.55)), 5);
    assert_eq!(bucket.available(start + seconds(2.0)), 20);
    assert_eq!(bucket.available(start + seconds(1e6)), 20);
}

#[test]
fn half_a_record_per_second() {
    let bucket = Bucket::new(rate(0.5, 1.0));
    bucket.take(seconds(0.0), 1);
    assert_eq!(bucket.wait(seconds(0.0), 1), seconds(2.0));
    assert_eq!(bucket.available(seconds(1.999_999)), 0);
    assert_eq!(bucket.available(seconds(2.0)), 1);
}

#[test]
fn ten_gigabytes_per_second() {
    let bucket = Bucket::new(rate(1e10, 1e10));
    assert_eq!(bucket.available(seconds(5.0)), 10_000_000_000);
    bucket.take(seconds(5.0), 10_000_000_000);
    assert_eq!(bucket.available(seconds(5.5)), 5_000_000_000);
    bucket.take(seconds(5.5), 1);
    assert_eq!(bucket.available(seconds(5.5)), 4_999_999_999);
}

#[test]
fn a_debt_is_paid_before_more_passes() {
    let bucket = Bucket::new(rate(10.0, 10.0));
    bucket.take(seconds(0.0), 100);
    assert_eq!(bucket.available(seconds(8.9)), 0);
    assert_eq!(bucket.wait(seconds(0.0), 1), seconds(9.1));
    assert_eq!(bucket.available(seconds(9.1)), 1);
    assert_eq!(bucket.available(seconds(10.0)), 10);
}

#[test]
fn more_than_the_burst_waits_for_a_full_bucket() {
    let bucket = Bucket::new(rate(10.0, 10.0));
    assert_eq!(bucket.wait(seconds(0.0), 11), Duration::ZERO);
    bucket.take(seconds(0.0), 5);
    assert_eq!(bucket.wait(seconds(0.0), u64::MAX), seconds(0.5));
}

#[test]
fn a_change_of_the_rate_lets_nothing_pass_by_itself() {
    let mut bucket = Bucket::new(rate(10.0, 10.0));
    bucket.take(seconds(0.0), 10);
    bucket.set_rate(seconds(0.0), rate(1e9, 1e9));
    assert_eq!(bucket.available(seconds(0.0)), 0);
    assert_eq!(bucket.available(seconds(0.5)), 500_000_000);
    bucket.set_rate(seconds(0.5), rate(10.0, 10.0));
    assert_eq!(bucket.available(seconds(0.5)), 10);
    bucket.take(seconds(0.5), 20);
    bucket.set_rate(seconds(0.5), rate(1.0, 1e6));
    assert_eq!(bucket.wait(seconds(0.5), 1), seconds(11.0));
}

#[test]
fn time_that_goes_back_stands_still() {
    let bucket = Bucket::new(rate(10.0, 10.0));
    bucket.take(seconds(10.0), 10);
    assert_eq!(bucket.available(seconds(11.0)), 10);
    bucket.take(seconds(11.0), 10);
    assert_eq!(bucket.available(seconds(3.0)), 0);
    assert_eq!(bucket.available(seconds(11.5)), 5);
}

#[test]
fn nothing_that_it_is_told_can_break_it() {
    let extremes = [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, 1e300, 1.0];
    for per_second in extremes {
        for burst in extremes {
            let mut bucket = Bucket::new(rate(per_second, burst));
            for now in [Duration::ZERO, seconds(1.0), Duration::MAX, Duration::ZERO] {
                bucket.take(now, u64::MAX);
                bucket.take(now, 1);
                assert_eq!(bucket.available(now), 0, "{per_second} {burst} {now:?}");
                assert!(bucket.wait(now, u64::MAX) > Duration::ZERO || now == Duration::MAX);
                bucket.set_rate(now, rate(burst, per_second));
            }
        }
    }
}

#[test]
fn threads_that_take_at_once_take_nothing_twice() {
    let bucket = Bucket::new(rate(1.0, 10_000.0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..2_000).for_each(|_| bucket.take(Duration::ZERO, 1)));
        }
    });
    assert_eq!(bucket.available(Duration::ZERO), 2_000);
}

/// Rates from a record in ten seconds to 10 GB/s, bursts from 1 unit to ten seconds' worth.
fn rates() -> impl Strategy<Value = Rate> {
    (-1.0..10.0_f64, -1.0..1.0_f64).prop_map(|(magnitude, burst)| {
        let per_second = 10_f64.powf(magnitude);
        rate(per_second, (per_second * 10_f64.powf(burst)).max(1.0))
    })
}

proptest! {
    #[test]
    fn no_window_passes_more_than_its_rate_and_the_burst(
        rate in rates(),
        calls in prop::collection::vec((0_u64..3_000_000_000, 0.0..1.3_f64), 1..60),
    ) {
        let bucket = Bucket::new(rate);
        let mut now = Duration::ZERO;
        let mut taken = Vec::new();
        for (pause, part) in calls {
            now += Duration::from_nanos(pause);
            // A part above 1 takes more than is available, and makes a debt.
            let units = (bucket.available(now) as f64 * part) as u64;
            bucket.take(now, units);
            taken.push((now, units, bucket.wait(now, 0)));
        }
        for (index, (from, ..)) in taken.iter().enumerate() {
            let mut sum = 0_u64;
            for (at, units, debt) in &taken[index..] {
                sum += units;
                let paid = (*at - *from + *debt).as_secs_f64();
                let bound = rate.per_second * paid + rate.burst;
                prop_assert!(sum as f64 <= bound + 1.0, "{sum} of {bound}");
            }
        }
    }

    #[test]
    fn a_saturating_caller_gets_the_whole_rate(magnitude in -1.0..10.0_f64, interval in 0.01..1.0_f64) {
        let per_second = 10_f64.powf(magnitude);
        let bucket = Bucket::new(rate(per_second, per_second * interval + 1.0));
        bucket.take(Duration::ZERO, bucket.available(Duration::ZERO));
        // Long enough that one unit more or less does not count.
        let steps = (10_000.0 / (per_second * interval)).max(2_000.0) as u32;
        let mut passed = 0_u64;
        for step in 1..=steps {
            let now = seconds(interval) * step;
            let units = bucket.available(now);
            bucket.take(now, units);
            passed += units;
        }
        let expected = per_second * (seconds(interval) * steps).as_secs_f64();
        prop_assert!(passed as f64 <= expected + 1.0);
        prop_assert!(passed as f64 >= expected * 0.999 - 1.0, "{passed} of {expected}");
    }

    #[test]
    fn what_was_waited_for_is_available_and_not_before(
        rate in rates(), taken in 0.0..20.0_f64, wanted in 0.0..1.0_f64, at in 0.0..1e6_f64,
    ) {
        let bucket = Bucket::new(rate);
        let now = seconds(at);
        bucket.take(now, (rate.burst * taken) as u64);
        let units = (rate.burst * wanted) as u64;
        let wait = bucket.wait(now, units);
        if wait > Duration::ZERO {
            prop_assert!(bucket.available(now + wait - Duration::from_nanos(1)) < units.max(1));
        }
        prop_assert!(bucket.available(now + wait) >= units);
    }
}
