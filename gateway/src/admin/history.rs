//! How a pipeline did over time, as columns for charts.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::desk::Desk;
use super::pipelines::look;
use super::refusal::Refusal;
use crate::run::{Moment, PipelineView, Timeline};

/// `?span=recent|day&since_ms=N`.
#[derive(Debug, Deserialize)]
pub(super) struct Span {
    #[serde(default)]
    span: Which,
    #[serde(default)]
    since_ms: u64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    /// The last quarter of an hour, second by second.
    #[default]
    Recent,
    /// The last day, minute by minute.
    Day,
}

/// The columns of a timeline, the oldest first, and the changes of state in its time.
pub(super) async fn history(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    asked: Result<Query<Span>, QueryRejection>,
) -> Result<Response, Refusal> {
    let told = |error: QueryRejection| {
        let help = "write `?span=recent` or `?span=day`, and `&since_ms=` with a time";
        Refusal::new(StatusCode::BAD_REQUEST, error.body_text(), help)
    };
    let Query(Span { span, since_ms }) = asked.map_err(told)?;
    let show = move |facts: &super::facts::Facts| {
        let now_ms = facts.clock.now_ms();
        look(facts, &name, |view| {
            let line = match span {
                Which::Recent => &view.seconds,
                Which::Day => &view.minutes,
            };
            json!({
                "pipeline": name,
                "now_ms": now_ms,
                "step_ms": line.step_ms(),
                "columns": columns(line, since_ms),
                "control": control(line, since_ms),
                "states": states(view, since_ms),
            })
        })
    };
    desk.large(show).await
}

fn columns(line: &Timeline, since_ms: u64) -> Value {
    let column = |pick: &dyn Fn(&Moment) -> Value| -> Value {
        line.since(since_ms).map(pick).collect::<Vec<_>>().into()
    };
    json!({
        "time_ms": column(&|it| it.time_ms.into()),
        "batches": column(&|it| it.batches.into()),
        "records": column(&|it| it.records.into()),
        "bytes": column(&|it| it.bytes.into()),
        "rows": column(&|it| it.rows.into()),
        "dead_letters": column(&|it| it.dead_letters.into()),
        "retries": column(&|it| it.retries.into()),
        "processing_ms": column(&|it| it.processing_ms.into()),
        "scheduling_delay_ms": column(&|it| it.scheduling_delay_ms.into()),
        "total_delay_ms": column(&|it| it.total_delay_ms.into()),
        "rate": column(&|it| it.rate.into()),
        "limited_by": column(&|it| it.limited_by.as_str().into()),
        "backlog": column(&|it| it.backlog.into()),
    })
}

/// The rate that the controller set, and its terms by name, beside the other columns.
fn control(line: &Timeline, since_ms: u64) -> Value {
    let last = line.since(since_ms).filter_map(|moment| moment.control.as_ref()).last();
    let Some(last) = last else { return Value::Null };
    let mut columns = Map::new();
    let rates = line.since(since_ms).map(|it| json!(it.control.as_ref().and_then(|it| it.rate)));
    columns.insert("rate".to_owned(), rates.collect());
    for name in last.terms.iter().map(|term| &term.name) {
        let of = |moment: &Moment| {
            let terms = moment.control.as_ref().map(|control| &control.terms)?;
            terms.iter().find(|term| term.name == *name).map(|term| term.value)
        };
        let values = line.since(since_ms).map(|moment| json!(of(moment)));
        columns.insert(name.to_string(), values.collect());
    }
    Value::Object(columns)
}

fn states(view: &PipelineView, since_ms: u64) -> Vec<Value> {
    let begun = view.changes.iter().rposition(|(time, _)| *time <= since_ms).unwrap_or(0);
    let states = view.changes.iter().skip(begun);
    states
        .map(|(time, state)| {
            let mut told = json!(state);
            told["time_ms"] = json!(time);
            told
        })
        .collect()
}
