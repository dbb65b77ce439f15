//! No batch takes more than its limits allow, from the first on, and the limits are reached.

use std::time::Duration;

use crate::flow::Limits;
use crate::progress::LimitedBy;
use crate::testing::Recorder;
use crate::trigger::Trigger;

use super::super::{Ended, Settings};
use super::{Bench, numbers};

#[tokio::test(start_paused = true)]
async fn a_rate_per_split_holds_from_the_first_batch_and_is_reached() {
    let bench = Bench::new();
    let settings = Settings {
        trigger: Trigger::Interval(Duration::from_millis(500)),
        ..Settings::new("test")
    };
    let splits = [100_000; 8];
    let mut pipeline = bench.pipeline(settings, numbers(&splits), Recorder::new(&bench.rows));
    pipeline.inputs[0].limits.max_rate_per_split = Some(500.0);
    let stop = bench.stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(20)).await;
        stop.cancel();
    });
    assert_eq!(bench.run(pipeline).await, Ok(Ended::Drained));
    let progress = bench.heard.progress();
    for batch in &progress {
        assert!(batch.splits.iter().all(|split| split.records <= 250), "{batch:?}");
        assert_eq!(batch.limited_by, LimitedBy::Configured);
    }
    let total: u64 = progress.iter().map(|batch| batch.records).sum();
    let expected = 20 * 500 * 8;
    assert!(total as f64 >= 0.95 * f64::from(expected), "{total} of {expected}");
}

#[tokio::test(start_paused = true)]
async fn a_rate_for_the_source_and_one_for_the_pipeline_hold_together() {
    for (source_rate, pipeline_rate) in [(Some(1_000.0), None), (None, Some(1_000.0))] {
        let bench = Bench::new();
        let settings = Settings { max_rate: pipeline_rate, ..Settings::new("test") };
        let splits = [10_000; 3];
        let mut pipeline = bench.pipeline(settings, numbers(&splits), Recorder::new(&bench.rows));
        pipeline.inputs[0].limits = Limits { max_rate: source_rate, ..Limits::default() };
        let stop = bench.stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(20)).await;
            stop.cancel();
        });
        assert_eq!(bench.run(pipeline).await, Ok(Ended::Drained));
        let progress = bench.heard.progress();
        assert!(progress.iter().all(|batch| batch.records <= 500));
        let total: u64 = progress.iter().map(|batch| batch.records).sum();
        assert!((19_000..=20_500).contains(&total), "{total}");
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_bound_a_batch_too() {
    let bench = Bench::new();
    let settings = Settings { max_batch_bytes: 10_000, ..Settings::new("test") };
    let pipeline = bench.pipeline(settings, numbers(&[3_000]), Recorder::new(&bench.rows));
    assert_eq!(bench.run(pipeline).await, Ok(Ended::Drained));
    assert_eq!(bench.numbers().len(), 3_000);
}

#[tokio::test(start_paused = true)]
async fn an_interval_does_not_bound_what_flows_where_only_the_size_of_a_batch_does() {
    let bench = Bench::new();
    let settings = Settings { max_batch_records: 10, ..Settings::new("test") };
    let began = tokio::time::Instant::now();
    let pipeline = bench.pipeline(settings, numbers(&[1_000]), Recorder::new(&bench.rows));
    assert_eq!(bench.run(pipeline).await, Ok(Ended::Drained));
    assert_eq!(bench.numbers().len(), 1_000);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}
