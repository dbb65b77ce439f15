//! The splits of a pipeline, page by page.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::desk::Desk;
use super::facts::Facts;
use super::pipelines::look;
use super::refusal::Refusal;
use crate::run::SplitView;

/// How many are shown if nobody says how many, and at most.
const DEFAULT: usize = 500;
const MOST: usize = 20_000;

/// `?limit=N&offset=N&order=lag&find=TEXT`.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    #[serde(default = "default_limit")]
    limit: usize,
    #[serde(default)]
    offset: usize,
    #[serde(default)]
    order: Order,
    #[serde(default)]
    find: String,
}

fn default_limit() -> usize {
    DEFAULT
}

/// What comes first.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// Those with the most records that wait; those of which that is not known last.
    #[default]
    Lag,
    /// Those whose records have waited longest.
    Age,
    /// Those that gave the most since the start.
    Records,
    /// By source and name.
    Name,
}

/// What was last heard of the splits of a pipeline.
pub(super) async fn splits(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    asked: Result<Query<Page>, QueryRejection>,
) -> Result<Response, Refusal> {
    let told = |error: QueryRejection| {
        let help = "write `?order=lag` (or age, records, name), `&find=`, `&limit=`, `&offset=`";
        Refusal::new(StatusCode::BAD_REQUEST, error.body_text(), help)
    };
    let Query(page) = asked.map_err(told)?;
    let show = move |facts: &Facts| {
        let splits = look(facts, &name, |view| view.splits.clone())?;
        let wanted = |split: &&SplitView| {
            page.find.is_empty()
                || split.last.split.as_str().contains(&page.find)
                || split.last.source.contains(&page.find)
        };
        let mut found: Vec<&SplitView> = splits.by_lag().into_iter().filter(wanted).collect();
        let key = |split: &SplitView| (split.last.source.clone(), split.last.split.clone());
        match page.order {
            Order::Lag => {}
            Order::Age => found.sort_by_key(|split| std::cmp::Reverse(split.last.oldest_ms)),
            Order::Records => found.sort_by_key(|split| std::cmp::Reverse(split.total_records)),
            Order::Name => found.sort_by_cached_key(|split| key(split)),
        }
        let shown: Vec<_> = found.iter().skip(page.offset).take(page.limit.min(MOST)).collect();
        Ok(json!({
            "pipeline": name,
            "backlog": splits.backlog(),
            "known": splits.len(),
            "found": found.len(),
            "offset": page.offset,
            "splits": shown,
        }))
    };
    desk.large(show).await
}
