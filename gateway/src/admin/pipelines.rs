//! What the pipelines are doing.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use forebay_core::progress::Progress;
use serde::Deserialize;
use serde_json::{Value, json};

use super::desk::Desk;
use super::facts::Facts;
use super::refusal::Refusal;
use crate::run::{Moment, PipelineView, Role, why};

/// How many seconds the small line of a pipeline shows.
const SPARK_STEPS: usize = 60;

/// `?limit=N`: how many are wanted.
#[derive(Debug, Deserialize)]
pub(super) struct Limit {
    limit: Option<usize>,
}

/// A query string, or why it is none.
pub(super) type Asked = Result<Query<Limit>, QueryRejection>;

/// How many are wanted: `default` if that is not said, and never more than `most`.
///
/// # Errors
/// If the query is none.
pub(super) fn limit(asked: Asked, default: usize, most: usize) -> Result<usize, Refusal> {
    let help = "write `?limit=20`";
    let told =
        |error: QueryRejection| Refusal::new(StatusCode::BAD_REQUEST, error.body_text(), help);
    Ok(asked.map_err(told)?.limit.unwrap_or(default).min(most))
}

/// All pipelines.
pub(super) async fn all(State(desk): State<Desk>) -> Json<Value> {
    Json(overview(&desk.facts))
}

/// All pipelines, without the splits of their last batches.
pub(super) fn overview(facts: &Facts) -> Value {
    let now_ms = facts.clock.now_ms();
    let pipelines: Vec<Value> = facts.board.look(|views| {
        let show = |(name, view): (&Arc<str>, &PipelineView)| {
            let last = view.last().map(without_splits);
            shown(facts, name, view, last.as_ref(), now_ms)
        };
        views.iter().map(show).collect()
    });
    json!({ "now_ms": now_ms, "pipelines": pipelines })
}

/// One pipeline.
pub(super) async fn one(
    State(desk): State<Desk>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let now_ms = desk.facts.clock.now_ms();
    look(&desk.facts, &name, |view| shown(&desk.facts, &name, view, view.last(), now_ms)).map(Json)
}

/// Looks at one pipeline.
///
/// # Errors
/// If there is none of that name.
pub(super) fn look<T>(
    facts: &Facts,
    name: &str,
    look: impl FnOnce(&PipelineView) -> T,
) -> Result<T, Refusal> {
    facts.board.look(|views| views.get(name).map(look)).ok_or_else(|| {
        let name: String = name.chars().take(200).collect();
        Refusal::not_found(format!("there is no pipeline `{name}`"), "`/api/pipelines` lists them")
    })
}

fn shown(
    facts: &Facts,
    name: &str,
    view: &PipelineView,
    last: Option<&Progress>,
    now_ms: u64,
) -> Value {
    let of_role = |role: Role| -> Vec<Value> {
        let own = facts.observed.iter().filter(|one| *one.pipeline == *name && one.role == role);
        own.map(|one| json!({ "name": one.name, "type": one.type_name })).collect()
    };
    let mut table = json!({ "name": name });
    // A view has texts as keys, so it always serializes.
    if let (Some(table), Ok(Value::Object(view))) =
        (table.as_object_mut(), serde_json::to_value(view))
    {
        table.extend(view);
    }
    table["sources"] = of_role(Role::Source).into();
    table["sinks"] = of_role(Role::Sink).into();
    let per_second = |of: fn(&Moment) -> u64| view.seconds.per_second(now_ms, of);
    table["records_per_second"] = view.records_per_second(now_ms).into();
    table["bytes_per_second"] = per_second(|it| it.bytes).into();
    table["rows_per_second"] = per_second(|it| it.rows).into();
    table["backlog_growth"] = view.seconds.backlog_growth(now_ms).into();
    table["drains_in_seconds"] = view.drains_in_seconds(now_ms).into();
    table["spark"] = spark(view, now_ms);
    if let (Some(bounds), Some(tuning)) = (facts.bounds.get(name), facts.tunings.of(name)) {
        table["interval_ms"] = bounds.interval_ms.into();
        table["paused"] = tuning.paused.into();
        table["max_rate"] = tuning.max_rate.into();
        table["why"] = json!(why(view, bounds, &tuning));
    }
    if let Some(window) = facts.windows.get(name) {
        table["under_way"] = json!(window.under_way());
        table["in_flight"] = json!(window.in_flight());
    }
    table["backlog"] = view.backlog().into();
    table["known_splits"] = view.splits.len().into();
    table["last"] = json!(last);
    table
}

/// Records of each of the last seconds, the oldest first.
fn spark(view: &PipelineView, now_ms: u64) -> Value {
    let step_ms = view.seconds.step_ms();
    let until = now_ms - now_ms % step_ms;
    let begin = until.saturating_sub(SPARK_STEPS as u64 * step_ms);
    let mut records = vec![0; SPARK_STEPS];
    for moment in view.seconds.since(begin) {
        let step = usize::try_from((moment.time_ms - begin) / step_ms).unwrap_or(usize::MAX);
        if let Some(slot) = records.get_mut(step) {
            *slot = moment.records;
        }
    }
    records.into()
}

/// A progress without its splits, which may be many.
pub(super) fn without_splits(progress: &Progress) -> Progress {
    Progress {
        pipeline: progress.pipeline.clone(),
        batch: progress.batch,
        time_ms: progress.time_ms,
        records: progress.records,
        bytes: progress.bytes,
        processing_ms: progress.processing_ms,
        scheduling_delay_ms: progress.scheduling_delay_ms,
        rate: progress.rate,
        limited_by: progress.limited_by,
        stages: progress.stages,
        rows: progress.rows,
        dead_letters: progress.dead_letters,
        retries: progress.retries,
        sinks: progress.sinks.clone(),
        control: progress.control.clone(),
        tokens: progress.tokens.clone(),
        splits: Vec::new(),
        other_splits: Vec::new(),
    }
}
