//! The newest dead letters of a pipeline.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::desk::Desk;
use super::facts::{Facts, Letters};
use super::letters;
use super::pipelines::{Asked, limit, look};
use super::refusal::Refusal;

/// How many letters are shown if nobody asks for more.
const DEFAULT: usize = 20;

/// How many letters are shown at most.
const MOST: usize = 500;

/// The newest dead letters, the newest first, from the files beside the checkpoint. A file is
/// there when it is whole, so a letter is seen some seconds after it was written.
pub(super) async fn dead_letters(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let limit = limit(asked, DEFAULT, MOST)?;
    desk.large(move |facts| read(facts, &name, limit)).await
}

fn read(facts: &Facts, name: &str, limit: usize) -> Result<Value, Refusal> {
    let since_start = look(facts, name, |view| view.dead_letters)?;
    let folder = match facts.letters.get(name) {
        Some(Letters::Folder(folder)) => folder,
        Some(Letters::Sink(sink)) => {
            return Ok(json!({
                "pipeline": name,
                "since_start": since_start,
                "kept_in": format!("the sink `{sink}`"),
                "letters": [],
            }));
        }
        None => return Err(Refusal::broken()),
    };
    let newest = letters::newest(folder, limit).map_err(|error| {
        tracing::warn!(%error, folder = %folder.display(), "the dead letters cannot be read");
        Refusal::broken()
    })?;
    Ok(json!({
        "pipeline": name,
        "since_start": since_start,
        "kept_in": folder,
        "complete": newest.complete,
        "replay": facts.replays.of(name),
        "letters": newest.letters,
    }))
}
