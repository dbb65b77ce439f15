//! What happens, as it happens: server-sent events
//! ([HTML, 9.2](https://html.spec.whatwg.org/multipage/server-sent-events.html)).

use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event as Message, KeepAlive, Sse};
use forebay_core::progress::Event;
use futures::stream::{self, Stream};
use serde::Serialize;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::desk::{Desk, MAX_FOLLOWERS};
use super::pipelines::{overview, without_splits};
use super::refusal::Refusal;

/// A client that follows.
struct Follower {
    desk: Desk,
    events: Receiver<Event>,
    /// Whether it was told how everything stands.
    is_told: bool,
    /// Its place among those that may follow.
    _place: OwnedSemaphorePermit,
}

/// First `pipelines`, how all of them stand; then `state`, `progress` and `committed` as they
/// come. Whoever is too slow is told with `missed` how many events passed by.
pub(super) async fn events(
    State(desk): State<Desk>,
) -> Result<Sse<impl Stream<Item = Result<Message, Infallible>>>, Refusal> {
    let place = desk.followers.clone().try_acquire_owned().map_err(|_| {
        Refusal::unavailable(format!("{MAX_FOLLOWERS} clients follow the events already"))
    })?;
    // Before the first look, so that nothing falls between it and the first event.
    let events = desk.facts.board.follow();
    let follower = Follower { desk, events, is_told: false, _place: place };
    let messages = stream::unfold(follower, |mut follower| async move {
        let message = follower.next().await?;
        Some((Ok(message), follower))
    });
    Ok(Sse::new(messages).keep_alive(KeepAlive::default()))
}

impl Follower {
    async fn next(&mut self) -> Option<Message> {
        if !self.is_told {
            self.is_told = true;
            return Some(message("pipelines", &overview(&self.desk.facts)));
        }
        tokio::select! {
            () = self.desk.stop.cancelled() => None,
            event = self.events.recv() => match event {
                Ok(event) => Some(of_event(&event)),
                Err(RecvError::Lagged(missed)) => {
                    Some(message("missed", &json!({ "events": missed })))
                }
                Err(RecvError::Closed) => None,
            },
        }
    }
}

fn of_event(event: &Event) -> Message {
    match event {
        Event::State { pipeline, state } => {
            let mut told = json!(state);
            told["pipeline"] = json!(pipeline);
            message("state", &told)
        }
        Event::Progress(progress) => message("progress", &without_splits(progress)),
        Event::Committed { pipeline, upto } => {
            message("committed", &json!({ "pipeline": pipeline, "upto": upto }))
        }
    }
}

/// JSON is one line, as an event's data has to be.
fn message(name: &str, data: &impl Serialize) -> Message {
    Message::default().event(name).data(serde_json::to_string(data).unwrap_or_default())
}
