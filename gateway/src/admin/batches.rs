//! The last batches of a pipeline.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use forebay_core::progress::Progress;
use serde::{Deserialize, Serialize};

use super::desk::Desk;
use super::facts::Facts;
use super::pipelines::{look, without_splits};
use super::refusal::Refusal;
use crate::run::PipelineView;

/// How many are shown if nobody says how many.
const DEFAULT: usize = 20;

/// `?limit=N&brief=true`: how many, and whether without their splits.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    limit: Option<usize>,
    #[serde(default)]
    brief: bool,
}

/// The last batches of a pipeline.
#[derive(Debug, Serialize)]
struct Batches {
    pipeline: String,
    batches: Vec<Arc<Progress>>,
}

/// The last batches of a pipeline, the newest first.
pub(super) async fn batches(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    asked: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Refusal> {
    let told = |error: QueryRejection| {
        let help = "write `?limit=20`, and `&brief=true` to leave out their splits";
        Refusal::new(StatusCode::BAD_REQUEST, error.body_text(), help)
    };
    let Query(Wanted { limit, brief }) = asked.map_err(told)?;
    let show = move |facts: &Facts| {
        let newest = |view: &PipelineView| -> Vec<Arc<Progress>> {
            view.recent.iter().rev().take(limit.unwrap_or(DEFAULT)).cloned().collect()
        };
        let mut batches = look(facts, &name, newest)?;
        if brief {
            batches = batches.iter().map(|batch| Arc::new(without_splits(batch))).collect();
        }
        Ok(Batches { pipeline: name, batches })
    };
    desk.large(show).await
}

/// One batch of those that are remembered.
pub(super) async fn batch(
    State(desk): State<Desk>,
    Path((name, id)): Path<(String, u64)>,
) -> Result<Json<Arc<Progress>>, Refusal> {
    let find = |view: &PipelineView| view.recent.iter().find(|it| it.batch == id).cloned();
    let found = look(&desk.facts, &name, find)?;
    found.map(Json).ok_or_else(|| {
        let error = format!("batch {id} is not among the last of `{name}`");
        Refusal::not_found(error, "`/batches` beside it lists those that are remembered")
    })
}
