//! The newest dead letters of a pipeline.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::desk::Desk;
use super::facts::Letters;
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
) -> Result<Json<Value>, Refusal> {
    let limit = limit(asked, DEFAULT, MOST)?;
    let total = look(&desk.facts, &name, |view| view.dead_letters)?;
    let folder = match desk.facts.letters.get(name.as_str()) {
        Some(Letters::Folder(folder)) => folder.clone(),
        Some(Letters::Sink(sink)) => {
            return Ok(Json(json!({
                "pipeline": name,
                "since_start": total,
                "kept_in": format!("the sink `{sink}`"),
                "letters": [],
            })));
        }
        None => return Err(Refusal::broken()),
    };
    let read = desk.blocking(move |_| (letters::newest(&folder, limit), folder)).await?;
    let (newest, folder) = read;
    let newest = newest.map_err(|error| {
        tracing::warn!(%error, folder = %folder.display(), "the dead letters cannot be read");
        Refusal::broken()
    })?;
    Ok(Json(json!({
        "pipeline": name,
        "since_start": total,
        "kept_in": folder,
        "complete": newest.complete,
        "letters": newest.letters,
    })))
}
