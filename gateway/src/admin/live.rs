//! How all pipelines stand, once a second: server-sent events for the dashboard. Whoever reads
//! slowly gets fewer of them, and nothing piles up.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event as Message, KeepAlive, Sse};
use futures::stream::{self, Stream};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::desk::{Desk, MAX_FOLLOWERS};
use super::pipelines::overview;
use super::refusal::Refusal;

/// The time from one look to the next.
const EVERY: Duration = Duration::from_secs(1);

/// `pipelines`, how all of them stand, at once and then every second.
pub(super) async fn live(
    State(desk): State<Desk>,
) -> Result<Sse<impl Stream<Item = Result<Message, Infallible>>>, Refusal> {
    let place = desk.followers.clone().try_acquire_owned().map_err(|_| {
        Refusal::unavailable(format!("{MAX_FOLLOWERS} clients follow the events already"))
    })?;
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let messages = stream::unfold((desk, ticks, place), |(desk, mut ticks, place)| async move {
        let message = next(&desk, &mut ticks).await?;
        Some((Ok(message), (desk, ticks, place)))
    });
    Ok(Sse::new(messages).keep_alive(KeepAlive::default()))
}

async fn next(desk: &Desk, ticks: &mut Interval) -> Option<Message> {
    tokio::select! {
        biased;
        () = desk.stop.cancelled() => None,
        _ = ticks.tick() => {
            let told = serde_json::to_string(&overview(&desk.facts)).unwrap_or_default();
            Some(Message::default().event("pipelines").data(told))
        }
    }
}
