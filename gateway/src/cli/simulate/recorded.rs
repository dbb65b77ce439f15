//! Recorded batches through both estimators.

use std::io;
use std::time::Duration;

use forebay_core::flow::simulation::replay;
use forebay_core::flow::{Backpressure, EstimatorKind, Observation};
use forebay_core::progress::{LimitedBy, Progress};
use serde_json::json;

use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::table::aligned;
use crate::cli::words::time;

pub(super) fn report(
    batches: &[Progress],
    interval: Duration,
    settings: &Backpressure,
    json: bool,
    output: &mut Output<'_>,
) -> io::Result<Exit> {
    let observations: Vec<Observation> = batches.iter().map(observation).collect();
    let rates = |estimator| {
        replay(&observations, interval, &Backpressure { estimator, ..settings.clone() })
    };
    let (pid, adaptive) = (rates(EstimatorKind::Pid), rates(EstimatorKind::Adaptive));
    let columns =
        ["BATCH", "TIME", "RECORDS", "PROCESSING ms", "DELAY ms", "RATE", "PID", "ADAPTIVE"];
    let mut table = vec![columns.map(str::to_owned).to_vec()];
    for ((batch, pid), adaptive) in batches.iter().zip(pid).zip(adaptive) {
        if json {
            let line = json!({
                "pipeline": batch.pipeline,
                "batch": batch.batch,
                "time_ms": batch.time_ms,
                "records": batch.records,
                "processing_ms": batch.processing_ms,
                "scheduling_delay_ms": batch.scheduling_delay_ms,
                "rate": batch.rate,
                "pid": pid,
                "adaptive": adaptive,
            });
            writeln!(output.out, "{line}")?;
            continue;
        }
        table.push(vec![
            batch.batch.to_string(),
            time(batch.time_ms),
            batch.records.to_string(),
            format!("{:.1}", batch.processing_ms),
            format!("{:.1}", batch.scheduling_delay_ms),
            rate(batch.rate),
            rate(pid),
            rate(adaptive),
        ]);
    }
    if !json {
        output.out.write_all(aligned(&table).as_bytes())?;
    }
    Ok(Exit::Done)
}

/// A rate for people; a dash where there is none.
pub(super) fn rate(rate: Option<f64>) -> String {
    rate.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.1}"))
}

/// What the engine would have told an estimator.
fn observation(batch: &Progress) -> Observation {
    Observation {
        time_ms: batch.time_ms as f64,
        records: batch.records as f64,
        processing_ms: batch.processing_ms,
        scheduling_delay_ms: batch.scheduling_delay_ms,
        limited: batch.limited_by == LimitedBy::Controller,
    }
}
