//! What may be asked.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Uri;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::desk::Desk;
use super::refusal::Refusal;
use super::{
    about, actions, batches, components, dead_letters, events, guard, health, history, live,
    metrics, page, pipelines, splits, tap,
};

/// The largest body of a request, in bytes.
const MAX_BODY: usize = 16 << 10;

/// All routes; the page links to those that a person may want.
pub(super) fn router(desk: Desk) -> Router {
    let router = Router::new()
        .route("/", get(page::html))
        .route("/assets/{*name}", get(page::asset))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .route("/api/version", get(about::version))
        .route("/api/config", get(about::config))
        .route("/api/events", get(events::events))
        .route("/api/live", get(live::live))
        .route("/api/pipelines", get(pipelines::all))
        .route("/api/pipelines/{name}", get(pipelines::one))
        .route("/api/pipelines/{name}/batches", get(batches::batches))
        .route("/api/pipelines/{name}/batches/{id}", get(batches::batch))
        .route("/api/pipelines/{name}/history", get(history::history))
        .route("/api/pipelines/{name}/splits", get(splits::splits))
        .route("/api/pipelines/{name}/components", get(components::components))
        .route("/api/pipelines/{name}/dead-letters", get(dead_letters::dead_letters))
        .route("/api/pipelines/{name}/replay", post(actions::replay))
        .route("/api/pipelines/{name}/pause", post(actions::pause))
        .route("/api/pipelines/{name}/resume", post(actions::resume))
        .route("/api/pipelines/{name}/tap", post(tap::tap))
        .route("/api/pipelines/{name}/limits", get(actions::limits).post(actions::set_limit))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .fallback(nothing);
    router.layer(from_fn_with_state(desk.clone(), guard::guard)).with_state(desk)
}

async fn nothing(uri: Uri) -> Refusal {
    let path: String = uri.path().chars().take(200).collect();
    Refusal::not_found(format!("there is nothing at `{path}`"), "`/` shows what there is")
}
