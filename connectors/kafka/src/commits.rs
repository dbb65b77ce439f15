//! Telling the group the positions that are committed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_core::SplitId;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode as Code;

use crate::bell::Bell;
use crate::link::Link;

/// The pause after the group did not take positions.
const PAUSE: Duration = Duration::from_secs(1);

/// Positions on their way to the group. They are told by a thread of their own, as telling blocks
/// until the group has noted them; meanwhile newer ones replace those that wait.
#[derive(Default)]
pub(crate) struct Commits {
    state: Mutex<State>,
    /// Rung when positions wait, and when they are noted.
    pub(crate) bell: Bell,
}

#[derive(Debug, Default)]
struct State {
    waiting: BTreeMap<SplitId, Told>,
    under_way: bool,
    error: Option<String>,
}

/// A position, and the generation under which it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) position: i64,
    pub(crate) generation: u64,
}

impl Commits {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has positions told.
    pub(crate) fn tell(&self, positions: impl IntoIterator<Item = (SplitId, Told)>) {
        self.state().waiting.extend(positions);
        self.bell.ring();
    }

    /// Why the group does not take positions, if that is so.
    pub(crate) fn error(&self) -> Option<String> {
        self.state().error.clone()
    }

    /// Blocks until all that was told is noted, at most so long.
    pub(crate) fn settle(&self, time: Duration) -> Result<(), String> {
        let deadline = Instant::now() + time;
        loop {
            let heard = self.bell.count();
            let error = {
                let state = self.state();
                if state.waiting.is_empty() && !state.under_way {
                    return Ok(());
                }
                state.error.clone()
            };
            let now = Instant::now();
            if now >= deadline {
                let seconds = time.as_secs();
                return Err(match error {
                    Some(error) => format!("the group does not take positions: {error}"),
                    None => format!("the group did not take positions within {seconds} s"),
                });
            }
            self.bell.wait(heard, deadline - now);
        }
    }

    fn begin(&self) -> BTreeMap<SplitId, Told> {
        let mut state = self.state();
        let positions = std::mem::take(&mut state.waiting);
        state.under_way = !positions.is_empty();
        positions
    }

    fn end(&self, left: BTreeMap<SplitId, Told>, error: Option<String>) {
        let mut state = self.state();
        state.under_way = false;
        state.error = error;
        for (split, told) in left {
            state.waiting.entry(split).or_insert(told);
        }
        drop(state);
        self.bell.ring();
    }
}

/// Tells the group positions until the source ends.
pub(crate) fn run(link: &Link) {
    let commits = &link.commits;
    while !link.signals.is_closing() {
        let heard = commits.bell.count();
        let positions = commits.begin();
        if positions.is_empty() {
            commits.bell.wait(heard, Duration::from_secs(1));
            continue;
        }
        match send(link, &positions) {
            Ok(()) => commits.end(BTreeMap::new(), None),
            Err(error) => {
                let is_past = is_past(&error);
                if commits.error().is_none() {
                    tracing::warn!(source = %link.settings.name, %error, "the group does not take positions");
                }
                // What a former member read is for the new owner to tell.
                let left = if is_past { BTreeMap::new() } else { positions };
                commits.end(left, Some(error.to_string()));
                let until = Instant::now() + PAUSE;
                while !is_past && !link.signals.is_closing() && Instant::now() < until {
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        }
    }
}

fn send(link: &Link, positions: &BTreeMap<SplitId, Told>) -> Result<(), KafkaError> {
    let mut list = TopicPartitionList::with_capacity(positions.len());
    {
        let roster = link.roster();
        let ids = link.signals.ids();
        for (split, told) in positions {
            let entry = roster.entries.get(split);
            let entry = entry.filter(|it| !link.is_group() || it.generation == told.generation);
            let Some(entry) = entry else { continue };
            let partition = &entry.lane.partition;
            let (topic, number) = (&*partition.topic, partition.number);
            list.add_partition_offset(topic, number, Offset::Offset(told.position))?;
            if let (Some(id), Some(mut element)) =
                (ids.get(topic), list.find_partition(topic, number))
            {
                element.set_metadata(id);
            }
        }
    }
    match list.count() {
        0 => Ok(()),
        _ => link.consumer.commit(&list, CommitMode::Sync),
    }
}

/// Whether the group has gone on without this member.
fn is_past(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(Code::IllegalGeneration | Code::UnknownMemberId | Code::FencedInstanceId)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_positions_replace_those_that_wait_and_older_ones_do_not() {
        let commits = Commits::default();
        let told = |position| Told { position, generation: 1 };
        commits.tell([("o-0".into(), told(5)), ("o-1".into(), told(7))]);
        let sent = commits.begin();
        assert_eq!(sent.len(), 2);
        commits.tell([("o-0".into(), told(9))]);
        commits.end(sent, Some("no coordinator".into()));
        assert_eq!(
            commits.settle(Duration::ZERO).unwrap_err(),
            "the group does not take positions: no coordinator"
        );
        assert_eq!(
            commits.begin(),
            BTreeMap::from([("o-0".into(), told(9)), ("o-1".into(), told(7))])
        );
        commits.end(BTreeMap::new(), None);
        assert_eq!(commits.settle(Duration::ZERO), Ok(()));
        assert_eq!(commits.error(), None);
    }
}
