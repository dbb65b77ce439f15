//! What may be asked.

use axum::Router;
use axum::http::Uri;
use axum::middleware::from_fn_with_state;
use axum::routing::get;

use super::desk::Desk;
use super::refusal::Refusal;
use super::{about, dead_letters, events, guard, health, metrics, page, pipelines};

/// All routes; the page links to those that a person may want.
pub(super) fn router(desk: Desk) -> Router {
    let router = Router::new()
        .route("/", get(page::html))
        .route("/page.css", get(page::css))
        .route("/page.js", get(page::js))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .route("/api/version", get(about::version))
        .route("/api/config", get(about::config))
        .route("/api/events", get(events::events))
        .route("/api/pipelines", get(pipelines::all))
        .route("/api/pipelines/{name}", get(pipelines::one))
        .route("/api/pipelines/{name}/batches", get(pipelines::batches))
        .route("/api/pipelines/{name}/splits", get(pipelines::splits))
        .route("/api/pipelines/{name}/components", get(pipelines::components))
        .route("/api/pipelines/{name}/dead-letters", get(dead_letters::dead_letters))
        .fallback(nothing);
    router.layer(from_fn_with_state(desk.clone(), guard::guard)).with_state(desk)
}

async fn nothing(uri: Uri) -> Refusal {
    let path: String = uri.path().chars().take(200).collect();
    Refusal::not_found(format!("there is nothing at `{path}`"), "`/` shows what there is")
}
