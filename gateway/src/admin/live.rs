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

/// How many looks one answer holds: it ends by itself before the age at which connections are
/// closed, and the browser asks anew.
const LOOKS: u32 = 240;

/// How soon the browser asks anew.
const RETRY: Duration = Duration::from_millis(500);

/// `pipelines`, how all of them stand, at once and then every second.
pub(super) async fn live(
    State(desk): State<Desk>,
) -> Result<Sse<impl Stream<Item = Result<Message, Infallible>>>, Refusal> {
    let place = desk.followers.clone().try_acquire_owned().map_err(|_| {
        Refusal::unavailable(format!("{MAX_FOLLOWERS} clients follow the events already"))
    })?;
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let follower = (desk, ticks, place);
    let messages = stream::unfold((follower, 0), |((desk, mut ticks, place), looks)| async move {
        if looks == LOOKS {
            return None;
        }
        let message = next(&desk, &mut ticks).await?;
        let message = if looks == 0 { message.retry(RETRY) } else { message };
        Some((Ok(message), ((desk, ticks, place), looks + 1)))
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
