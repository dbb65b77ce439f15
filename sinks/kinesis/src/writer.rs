//! Sending the records of one queue, one request after the other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use forebay_clients::aws::{Failure, Meaning};
use forebay_core::backoff::Backoff;
use forebay_core::dead_letter::Reason;
use tokio::time::{Instant, sleep};

use crate::queue::Queue;
use crate::service::Service;
use crate::status::Status;

/// Pauses after requests that were refused, in whole or in part.
const BACKOFF: Backoff =
    Backoff { initial: Duration::from_millis(100), max: Duration::from_secs(2), jitter: 0.5 };

/// What became of a queue.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// Rows that can never be written.
    pub(crate) dead: Vec<((usize, usize), Reason)>,
    /// Why the rest is not written, if there is a rest.
    pub(crate) failure: Option<Failure>,
    /// Whether the service took something.
    pub(crate) is_under_way: bool,
}

/// Sends all records of a queue; gives up for now when none was taken until `deadline`. Returns
/// the queue with what is left.
pub(crate) async fn send(
    service: Arc<dyn Service>,
    mut queue: Queue,
    deadline: Instant,
    status: Arc<Status>,
) -> (Queue, Sent) {
    let mut sent = Sent::default();
    let mut failures = 0;
    loop {
        let request = queue.next();
        if request.is_empty() {
            sent.failure = None;
            return (queue, sent);
        }
        let records: Vec<_> = request.iter().map(|index| &queue.get(*index).record).collect();
        let answer = service.put(&records).await;
        Status::add(&status.requests, 1);
        let failure = match answer {
            Ok(outcomes) if outcomes.len() == request.len() => {
                let mut first = None;
                let mut refused = BTreeSet::new();
                for (index, outcome) in request.iter().zip(outcomes) {
                    if let Some(failure) = outcome {
                        refused.insert(*index);
                        first = first.or(Some(failure));
                    }
                }
                let taken = (request.len() - refused.len()) as u64;
                Status::add(&status.records, taken);
                Status::add(&status.refused, refused.len() as u64);
                let before = queue.again;
                queue.answered(&request, &refused);
                Status::add(&status.written_again, queue.again - before);
                if taken > 0 {
                    sent.is_under_way = true;
                    failures = 0;
                }
                match first {
                    Some(failure) => failure,
                    None => continue,
                }
            }
            Ok(outcomes) => {
                let text = format!(
                    "the service answered for {} records of {}",
                    outcomes.len(),
                    request.len()
                );
                Failure::new(Meaning::Trouble, text)
            }
            Err(failure) if failure.meaning == Meaning::Refused => {
                if queue.divide(&request) {
                    let index = request[0];
                    sent.dead.push((queue.get(index).row, Reason::new("refused", failure.text)));
                    queue.drop_record(index);
                }
                continue;
            }
            Err(failure) => failure,
        };
        failures += 1;
        let pause = BACKOFF.pause(failures, fastrand::f64());
        // What is not there does not come within seconds.
        let is_hopeless = failure.meaning == Meaning::Gone || Instant::now() + pause > deadline;
        sent.failure = Some(failure);
        if is_hopeless {
            return (queue, sent);
        }
        sleep(pause).await;
    }
}
