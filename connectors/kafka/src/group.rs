//! Sharing partitions with the other members of a consumer group.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::context::Rebalance;
use crate::link::{Link, Newcomer};
use crate::partition::Partition;
use crate::scout::PATIENCE;

/// Carries out what the group decides, on the thread that serves the consumer.
///
/// A partition that comes is taken up when the group's offset for it is known: by then its last
/// owner has committed. A partition that goes is let go when the engine has released it, or its
/// time to drain is over.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// Assigned by the group, and not taken up yet.
    coming: BTreeSet<Partition>,
    going: Option<Going>,
    generation: u64,
}

#[derive(Debug)]
struct Going {
    partitions: Vec<Partition>,
    deadline: Instant,
}

/// A generation above all before, also of earlier runs.
pub(crate) fn new_generation(last: u64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX).max(last.saturating_add(1))
}

impl Group {
    /// Does what can be done now.
    pub(crate) fn step(&mut self, link: &Link) {
        while let Some(rebalance) = link.signals.next_rebalance() {
            match rebalance {
                Rebalance::Assign(partitions) if partitions.is_empty() => {
                    tell(
                        link,
                        "assign",
                        link.consumer.incremental_assign(&TopicPartitionList::new()),
                    );
                }
                Rebalance::Assign(partitions) => self.coming.extend(partitions),
                Rebalance::Revoke { partitions, lost } => self.revoke(link, partitions, lost),
            }
        }
        if !self.coming.is_empty()
            && let Err(error) = self.take_up(link)
        {
            link.events.note(&error, "");
            tracing::warn!(source = %link.settings.name, %error, "the group's offsets are not known yet; asking again");
        }
        self.let_go(link);
    }

    fn revoke(&mut self, link: &Link, mut partitions: Vec<Partition>, lost: bool) {
        partitions.retain(|partition| !self.coming.remove(partition));
        let mut list = TopicPartitionList::new();
        {
            let mut roster = link.roster();
            for partition in &partitions {
                list.add_partition(&partition.topic, partition.number);
                if let Some(entry) = roster.entries.get_mut(&partition.split()) {
                    entry.leaving = true;
                }
            }
        }
        if let Err(error) = link.consumer.pause(&list) {
            tracing::debug!(%error, "partitions that leave could not be paused");
        }
        let wait =
            if lost { std::time::Duration::ZERO } else { link.settings.config.drain_timeout.0 };
        self.going = Some(Going { partitions, deadline: Instant::now() + wait });
        link.signals.bell.ring();
    }

    /// Lets partitions go that are drained, or whose time is over.
    fn let_go(&mut self, link: &Link) {
        let Some(going) = &self.going else { return };
        let is_late = Instant::now() >= going.deadline || link.consumer.assignment_lost();
        let mut undrained = 0;
        {
            let mut roster = link.roster();
            for partition in &going.partitions {
                if roster.entries.contains_key(&partition.split()) {
                    if !is_late {
                        return;
                    }
                    roster.entries.remove(&partition.split());
                    undrained += 1;
                }
            }
        }
        if undrained > 0 {
            tracing::warn!(
                source = %link.settings.name,
                partitions = undrained,
                "partitions went before all that was read of them was committed; the rest will be read twice"
            );
        }
        let mut list = TopicPartitionList::with_capacity(going.partitions.len());
        for partition in &going.partitions {
            list.add_partition(&partition.topic, partition.number);
        }
        let revoked = going.partitions.len() as u64;
        link.report.update(|state| {
            state.revoked += revoked;
            state.undrained += undrained;
        });
        tell(link, "unassign", link.consumer.incremental_unassign(&list));
        self.going = None;
        link.signals.bell.ring();
    }

    /// Takes partitions up from the group's offsets on.
    fn take_up(&mut self, link: &Link) -> Result<(), KafkaError> {
        let coming: Vec<Partition> = self.coming.iter().cloned().collect();
        let topics = link.scout.topics(&link.settings.wanted)?.partitions;
        // All partitions of their topics: where any has an offset, one without was added since.
        let mut list = TopicPartitionList::new();
        let mut asked: BTreeSet<Partition> = coming.iter().cloned().collect();
        for partition in &coming {
            let count = topics.get(&*partition.topic).copied().unwrap_or(0);
            asked.extend((0..count).map(|number| Partition::new(&partition.topic, number)));
        }
        for partition in &asked {
            list.add_partition(&partition.topic, partition.number);
        }
        let answer = link.consumer.committed_offsets(list, PATIENCE)?;
        let mut offsets: BTreeMap<Partition, i64> = BTreeMap::new();
        let mut anew: BTreeSet<String> = BTreeSet::new();
        for element in answer.elements() {
            element.error()?;
            if let Offset::Offset(offset) = element.offset() {
                offsets.insert(Partition::new(element.topic(), element.partition()), offset);
                let ids = link.signals.ids();
                let now = ids.get(element.topic());
                if !element.metadata().is_empty() && now.is_some_and(|id| id != element.metadata())
                {
                    anew.insert(element.topic().to_owned());
                }
            }
        }
        let extents = link.extents(&coming)?;
        let starts = link.starts(&coming, &extents)?;
        let newcomers: Vec<Newcomer> = coming
            .iter()
            .filter_map(|partition| {
                let extent = *extents.get(partition)?;
                let is_added = offsets.keys().any(|it| it.topic == partition.topic);
                let start = match (offsets.get(partition), is_added) {
                    (Some(offset), _) => *offset,
                    (None, true) => extent.low,
                    (None, false) => *starts.get(partition)?,
                };
                Some(Newcomer { partition: partition.clone(), start, extent, stop_at: None })
            })
            .collect();
        self.generation = new_generation(self.generation);
        link.adopt(&newcomers, self.generation).map_err(KafkaError::Subscription)?;
        if !anew.is_empty() {
            let mut roster = link.roster();
            for entry in roster.entries.values_mut() {
                entry.is_anew |= anew.contains(&*entry.lane.partition.topic);
            }
        }
        let assigned = newcomers.len() as u64;
        link.report.update(|state| state.assigned += assigned);
        self.coming.clear();
        Ok(())
    }
}

fn tell(link: &Link, what: &str, result: Result<(), KafkaError>) {
    if let Err(error) = result {
        let text = format!("the consumer could not {what} partitions: {error}");
        link.signals.fail(text);
    }
}

#[cfg(test)]
mod tests {
    use super::new_generation;

    #[test]
    fn generations_rise_also_when_the_clock_does_not() {
        let first = new_generation(0);
        assert!(first > 1_700_000_000_000);
        assert_eq!(new_generation(first + 1_000_000), first + 1_000_001);
    }
}
