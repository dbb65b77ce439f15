//! A sample of the records that pass a stage, as they pass: JSON lines. Records are data of other
//! people, so this needs the permission that changing something needs.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use forebay_core::dead_letter::DeadLetter;
use forebay_core::engine::window::{Content, Sample, Tap, TapStage};
use forebay_formats::encode::json_lines;
use futures::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use super::letters::readable;
use super::pipelines::look;
use super::refusal::Refusal;

/// How many are sent if nobody says how many, and at most.
const DEFAULT: u64 = 10;
const MOST: u64 = 10_000;

/// How long one answer may take: below the age at which connections are closed.
const LONGEST: Duration = Duration::from_secs(240);

/// How often an empty line is sent while nothing passes, so that it is found out when nobody
/// listens any more.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Which records are wanted, and how many.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[serde(default = "decoded")]
    stage: TapStage,
    limit: Option<u64>,
}

fn decoded() -> TapStage {
    TapStage::Decoded
}

/// What is under way to one who looks.
struct Tapping {
    tap: Tap,
    stage: TapStage,
    left: u64,
    until: Instant,
    stop: CancellationToken,
}

/// Samples of the records that pass a stage from now on.
pub(super) async fn tap(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    asked: Result<Json<Wanted>, JsonRejection>,
) -> Result<Response, Refusal> {
    let Json(Wanted { stage, limit }) = asked.map_err(|error| {
        let help = "send {\"stage\": \"read\", \"limit\": 10}; stages are read, decoded, \
                    transformed and dead-letter";
        Refusal::new(StatusCode::BAD_REQUEST, error.body_text(), help)
    })?;
    look(&desk.facts, &name, |_| ())?;
    let window = desk.facts.windows.get(name.as_str()).ok_or_else(Refusal::broken)?;
    let tap = window.tap(stage).ok_or_else(|| {
        let error = "too many look at the records of this pipeline already";
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, error, "end one of them")
    })?;
    tracing::info!(pipeline = name, stage = stage.as_str(), "records are shown to a person");
    let until = Instant::now() + LONGEST;
    let left = limit.unwrap_or(DEFAULT).min(MOST);
    let tapping = Tapping { tap, stage, left, until, stop: desk.stop };
    let lines = stream::unfold(tapping, |mut tapping| async move {
        let line = tapping.next().await?;
        Some((Ok::<_, Infallible>(line), tapping))
    });
    let head = [(CONTENT_TYPE, "application/x-ndjson")];
    Ok((head, Body::from_stream(lines)).into_response())
}

impl Tapping {
    /// The next line; an empty one while nothing passes; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        if self.left == 0 {
            return None;
        }
        let sample = tokio::select! {
            biased;
            () = self.stop.cancelled() => return None,
            () = sleep_until(self.until) => return None,
            sample = timeout(HEARTBEAT, self.tap.next()) => sample,
        };
        let Ok(sample) = sample else { return Some(Bytes::from_static(b"\n")) };
        self.left -= 1;
        let mut line = shown(&sample?, self.stage).to_string();
        line.push('\n');
        Some(line.into())
    }
}

fn shown(sample: &Sample, stage: TapStage) -> Value {
    let mut line = json!({
        "stage": stage,
        "batch": sample.batch,
        "source": sample.source,
        "split": sample.split,
        "position": sample.position,
    });
    match &sample.content {
        Content::Record { bytes, size, columns } => {
            add_bytes(&mut line, bytes, *size);
            if let Some(columns) = columns {
                line["columns"] =
                    serde_json::from_str(columns).unwrap_or_else(|_| columns.as_str().into());
            }
        }
        Content::Row(row) => match json_lines(row) {
            Ok(text) => line["row"] = serde_json::from_slice(&text).unwrap_or_default(),
            Err(error) => line["unreadable"] = error.to_string().into(),
        },
        Content::LargeRow(bytes) => line["oversize_bytes"] = (*bytes).into(),
        Content::Letter(letter) => add_letter(&mut line, letter),
    }
    line
}

fn add_letter(line: &mut Value, letter: &DeadLetter) {
    line["refused_at"] = letter.stage.as_str().into();
    line["sink"] = json!(letter.sink);
    line["class"] = letter.reason.class.into();
    line["reason"] = letter.reason.text.as_str().into();
    line["attempts"] = letter.attempts.into();
    add_bytes(line, &letter.bytes, letter.bytes.len());
}

fn add_bytes(line: &mut Value, bytes: &[u8], size: usize) {
    let (key, text) = readable(bytes);
    line[key] = text.into();
    line["size"] = size.into();
}
