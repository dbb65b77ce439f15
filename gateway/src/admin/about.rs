//! What runs here, and how it is configured.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::desk::Desk;

/// The version, since when it runs, and the types that it was built with.
pub(super) async fn version(State(desk): State<Desk>) -> Json<Value> {
    let facts = &desk.facts;
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started_ms": facts.started_ms,
        "now_ms": facts.clock.now_ms(),
        "types": facts.types,
    }))
}

/// The configuration as it runs, without secrets.
pub(super) async fn config(State(desk): State<Desk>) -> Json<Value> {
    Json(desk.facts.config.clone())
}
