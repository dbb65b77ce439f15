//! Whether the process lives, and whether its pipelines move records.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use forebay_core::progress::PipelineState;
use serde::Serialize;

use super::desk::Desk;

/// Whether all pipelines are ready, and which are not.
#[derive(Debug, Serialize)]
pub(super) struct Readiness {
    ready: bool,
    not_ready: Vec<NotReady>,
}

/// A pipeline that is not ready, and why: its state names the component that it waits for.
#[derive(Debug, Serialize)]
struct NotReady {
    pipeline: String,
    #[serde(flatten)]
    state: PipelineState,
}

/// As long as the process can answer, it lives.
pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// Ready if every pipeline moves records, or has ended as it was asked to.
pub(super) async fn ready(State(desk): State<Desk>) -> (StatusCode, Json<Readiness>) {
    let not_ready: Vec<NotReady> = desk.facts.board.look(|pipelines| {
        let not_ready = pipelines.iter().filter(|(_, view)| !is_ready(&view.state));
        let named = not_ready
            .map(|(name, view)| NotReady { pipeline: name.to_string(), state: view.state.clone() });
        named.collect()
    });
    let ready = not_ready.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, not_ready }))
}

fn is_ready(state: &PipelineState) -> bool {
    match state {
        PipelineState::Running
        | PipelineState::Paused
        | PipelineState::Draining
        | PipelineState::Stopped => true,
        PipelineState::Starting | PipelineState::Waiting { .. } | PipelineState::Failed { .. } => {
            false
        }
    }
}
