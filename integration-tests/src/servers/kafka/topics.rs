//! Topics: made, changed, deleted.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use futures::executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::cluster::Kafka;
use crate::servers::name;
use crate::wait;

/// The longest that the cluster may take to answer, or to do what it was asked.
pub(super) const LONG: Duration = Duration::from_secs(30);

impl Kafka {
    /// Makes a topic with a name of its own, and says it.
    ///
    /// # Errors
    /// If the cluster refuses or does not answer.
    pub fn topic(&self, what: &str, partitions: u16) -> Result<String> {
        let name = name::unique(what);
        self.create_topic(&name, partitions, &[])?;
        Ok(name)
    }

    /// Makes a topic with properties (<https://kafka.apache.org/documentation/#topicconfigs>), and
    /// waits until all its partitions have leaders.
    ///
    /// # Errors
    /// If the cluster refuses or does not answer.
    pub fn create_topic(
        &self,
        name: &str,
        partitions: u16,
        properties: &[(&str, &str)],
    ) -> Result<()> {
        let default = TopicReplication::Fixed(-1);
        let mut topic = NewTopic::new(name, i32::from(partitions), default);
        for (name, value) in properties {
            topic = topic.set(name, value);
        }
        // A client that asks while the cluster has just begun may wait for an answer in vain.
        const TRIES: u32 = 3;
        let within = AdminOptions::new()
            .operation_timeout(Some(LONG / TRIES))
            .request_timeout(Some(LONG / TRIES));
        let mut made = one(block_on(self.admin()?.create_topics([&topic], &within)));
        for _ in 1..TRIES {
            match &made {
                Err(error) if error.to_string().contains("Timed out") => {}
                Ok(()) | Err(_) => break,
            }
            made = match one(block_on(self.admin()?.create_topics([&topic], &within))) {
                // It was made, and only the answer was lost.
                Err(_) if !self.leaders(name)?.is_empty() => Ok(()),
                again => again,
            };
        }
        made.with_context(|| {
            let words: Vec<String> = self.nodes().iter().map(|node| node.last_words()).collect();
            format!("topic {name} cannot be made; {}", words.join("; "))
        })?;
        self.wait_for_partitions(name, partitions)
    }

    /// Gives a topic more partitions: `partitions` in all.
    ///
    /// # Errors
    /// If the cluster refuses or does not answer.
    pub fn expand_topic(&self, name: &str, partitions: u16) -> Result<()> {
        let more = NewPartitions::new(name, usize::from(partitions));
        one(block_on(self.admin()?.create_partitions([&more], &patient())))
            .with_context(|| format!("topic {name} cannot have {partitions} partitions"))?;
        self.wait_for_partitions(name, partitions)
    }

    /// Deletes a topic, and waits until no server knows it.
    ///
    /// # Errors
    /// If the cluster refuses or does not answer.
    pub fn delete_topic(&self, name: &str) -> Result<()> {
        one(block_on(self.admin()?.delete_topics(&[name], &patient())))
            .with_context(|| format!("topic {name} cannot be deleted"))?;
        wait::until(&format!("the end of topic {name}"), LONG, || {
            Ok(self.leaders(name)?.is_empty().then_some(()))
        })
    }

    /// The id of the server that leads each partition, in order; -1 where none does. Empty if there
    /// is no such topic.
    ///
    /// # Errors
    /// If the cluster does not answer.
    pub fn leaders(&self, topic: &str) -> Result<Vec<i32>> {
        let consumer: BaseConsumer = self.client().create()?;
        let metadata = consumer
            .fetch_metadata(Some(topic), LONG)
            .with_context(|| format!("no answer about topic {topic}"))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let partitions = found.map(|found| found.partitions()).unwrap_or_default();
        let mut leaders: Vec<(i32, i32)> =
            partitions.iter().map(|one| (one.id(), one.leader())).collect();
        leaders.sort_unstable();
        Ok(leaders.into_iter().map(|(_, leader)| leader).collect())
    }

    /// How many servers have a whole copy of that partition of a topic which fewest have.
    ///
    /// # Errors
    /// If the cluster does not answer.
    pub fn least_in_sync(&self, topic: &str) -> Result<usize> {
        let consumer: BaseConsumer = self.client().create()?;
        let metadata = consumer.fetch_metadata(Some(topic), LONG)?;
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        Ok(partitions.map(|partition| partition.isr().len()).min().unwrap_or(0))
    }

    /// The ids of the servers that have copies of a partition, the preferred leader first.
    pub(super) fn replicas(&self, topic: &str, partition: i32) -> Result<Vec<i32>> {
        let consumer: BaseConsumer = self.client().create()?;
        let metadata = consumer.fetch_metadata(Some(topic), LONG)?;
        let mut partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        let found = partitions.find(|one| one.id() == partition);
        Ok(found.with_context(|| format!("no partition {topic}/{partition}"))?.replicas().to_vec())
    }

    fn wait_for_partitions(&self, topic: &str, partitions: u16) -> Result<()> {
        wait::until(&format!("leaders of topic {topic}"), LONG, || {
            let leaders = self.leaders(topic)?;
            let all = leaders.len() >= usize::from(partitions);
            Ok((all && leaders.iter().all(|leader| *leader >= 0)).then_some(()))
        })
    }

    pub(super) fn admin(&self) -> Result<AdminClient<DefaultClientContext>> {
        Ok(self.client().create()?)
    }
}

fn patient() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(LONG)).request_timeout(Some(LONG))
}

/// The answer about the only topic that was asked about.
fn one<E: std::error::Error + Send + Sync + 'static>(
    answers: Result<Vec<rdkafka::admin::TopicResult>, E>,
) -> Result<()> {
    match answers?.into_iter().next() {
        Some(Ok(_)) => Ok(()),
        Some(Err((_, code))) => Err(anyhow!("{code}")),
        None => Err(anyhow!("the cluster said nothing")),
    }
}
