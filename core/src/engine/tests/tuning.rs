//! Limits that change while a pipeline runs, and a pipeline that is paused.

use std::time::Duration;

use tokio::sync::watch;

use crate::flow::Limits;
use crate::progress::PipelineState;
use crate::testing::{Numbers, Recorder};

use super::super::{Ended, Settings, Tuning};
use super::{Bench, numbers};

#[tokio::test(start_paused = true)]
async fn a_limit_that_changes_holds_from_the_next_batch_on() {
    let bench = Bench::new();
    let splits = [100_000; 4];
    let mut pipeline =
        bench.pipeline(Settings::new("test"), numbers(&splits), Recorder::new(&bench.rows));
    pipeline.inputs[0].limits.max_rate_per_split = Some(500.0);
    let (tuning, wanted) = watch::channel(Tuning::of(&pipeline.settings, &pipeline.inputs));
    pipeline.tuning = Some(wanted);
    let heard = bench.heard.clone();
    let change = tokio::spawn(async move {
        let mut batches = Vec::new();
        for rate in [500.0, 50.0, 2_000.0, 100.0] {
            tuning.send_modify(|it| {
                for limits in it.limits.values_mut() {
                    limits.max_rate_per_split = Some(rate);
                }
            });
            let before = heard.progress().len();
            tokio::time::sleep(Duration::from_secs(5)).await;
            // The batch that was under way keeps its grants.
            batches.push((rate, heard.progress().split_off(before + 1)));
        }
        tuning.send_modify(|it| it.limits.values_mut().for_each(|it| *it = Limits::default()));
        batches
    });
    assert_eq!(bench.run(pipeline).await, Ok(Ended::Drained));
    assert_eq!(bench.numbers(), Numbers::all(&splits), "without limits it ends");
    for (rate, batches) in change.await.unwrap() {
        for batch in &batches {
            let most = batch.splits.iter().map(|split| split.records).max().unwrap_or(0);
            assert!(most as f64 <= rate / 2.0 + 1.0, "{most} at {rate} per second");
        }
        let total: u64 = batches.iter().map(|batch| batch.records).sum();
        assert!(total as f64 >= 0.8 * 4.0 * 4.5 * rate, "{total} at {rate} per second and split");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_that_is_paused_reads_nothing_and_goes_on_where_it_was() {
    let bench = Bench::new();
    let mut pipeline =
        bench.pipeline(super::settings(), numbers(&[2_000]), Recorder::settling(&bench.rows, 2));
    let (tuning, wanted) = watch::channel(Tuning::of(&pipeline.settings, &pipeline.inputs));
    pipeline.tuning = Some(wanted);
    let heard = bench.heard.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        tuning.send_modify(|it| it.paused = true);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(heard.states().last(), Some(&PipelineState::Paused));
        let before = heard.progress().len();
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(heard.progress().len(), before, "something was read in the pause");
        tuning.send_modify(|it| it.paused = false);
    });
    assert_eq!(bench.run(pipeline).await, Ok(Ended::Drained));
    assert_eq!(bench.numbers(), Numbers::all(&[2_000]));
}
