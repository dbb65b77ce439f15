//! Having a shard's records pushed: enhanced fan-out.
//!
//! A [subscription](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html)
//! lasts five minutes at most; then the next begins behind what the last event said. While the
//! shelf is full, nothing is taken from the connection, and the service holds back. Where a second
//! subscription to a shard comes within five seconds, the service refuses it.

use std::time::Duration;

use forebay_clients::aws::{Failure, Meaning};
use tokio::time::{Instant, sleep_until, timeout};

use crate::place::Sequence;
use crate::poller::Poller;
use crate::service::From;

/// Between two subscriptions to a shard.
const BETWEEN: Duration = Duration::from_secs(5);
/// How long nothing may come until the connection is thought to be dead: an event comes every five
/// seconds at least.
const SILENCE: Duration = Duration::from_secs(30);

impl Poller {
    /// Takes one event; says how long to pause.
    pub(crate) async fn receive(&mut self, consumer: &str) -> Result<Duration, Failure> {
        let mut subscription = match self.subscription.take() {
            Some(subscription) => subscription,
            None => {
                let from = match &self.continuation {
                    Some(last) => Some(From::After(last)),
                    None => From::of(&self.from),
                };
                let Some(from) = from else { return Ok(Duration::ZERO) };
                if let Some(last) = self.subscribed {
                    sleep_until(last + BETWEEN).await;
                }
                self.subscribed = Some(Instant::now());
                let shard = &self.lane.shard;
                self.shared.report.update(|state| state.subscriptions += 1);
                self.shared.service.subscribe(consumer, shard, from).await?
            }
        };
        let lane = std::sync::Arc::clone(&self.lane);
        let event = tokio::select! {
            event = timeout(SILENCE, subscription.next()) => event,
            // It may be that reading is to go on elsewhere.
            () = lane.turned.notified() => {
                self.subscription = Some(subscription);
                return Ok(Duration::ZERO);
            }
        };
        let Ok(event) = event else {
            let text = format!("the service pushed nothing for {} s", SILENCE.as_secs());
            return Err(Failure::new(Meaning::Trouble, text));
        };
        // It is over after its five minutes, and the next begins behind it.
        let Some(reply) = event? else { return Ok(Duration::ZERO) };
        let is_ended =
            reply.next.is_none() && (!reply.children.is_empty() || self.is_closed().await?);
        if let Some(next) = &reply.next {
            let strange = |text| Failure::new(Meaning::Trouble, text);
            let next: Sequence = next.parse().map_err(strange)?;
            // Never back, whatever an event without records says.
            self.continuation = self.continuation.take().max(Some(next));
            self.subscription = Some(subscription);
        }
        self.failures = 0;
        self.take(reply, is_ended, Instant::now());
        Ok(Duration::ZERO)
    }
}
