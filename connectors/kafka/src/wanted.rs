//! Which topics and partitions are read.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use crate::config::KafkaConfig;
use crate::partition::Partition;

/// Which topics and partitions are read.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// All partitions of these topics.
    Topics(Vec<String>),
    /// All partitions of the topics whose whole name matches.
    Pattern(Regex),
    /// These partitions.
    Partitions(BTreeSet<Partition>),
}

impl Wanted {
    /// What the options say.
    pub(crate) fn of(config: &KafkaConfig) -> Result<Self, String> {
        if let Some(pattern) = &config.topics_pattern {
            return Self::pattern(pattern).map(Self::Pattern);
        }
        if config.partitions.is_empty() {
            return Ok(Self::Topics(config.topics.clone()));
        }
        config
            .partitions
            .iter()
            .map(|name| name.parse())
            .collect::<Result<_, _>>()
            .map(Self::Partitions)
    }

    /// A pattern that matches whole names.
    pub(crate) fn pattern(pattern: &str) -> Result<Regex, String> {
        // Alone first: `a)|(b` must not become right by what is put around it.
        Regex::new(pattern)
            .and_then(|_| Regex::new(&format!("^(?:{pattern})$")))
            .map_err(|error| format!("`{pattern}` is no regular expression: {error}"))
    }

    /// The topics to ask the brokers about; `None` for all.
    pub(crate) fn topics(&self) -> Option<BTreeSet<String>> {
        match self {
            Self::Topics(topics) => Some(topics.iter().cloned().collect()),
            Self::Pattern(_) => None,
            Self::Partitions(partitions) => {
                Some(partitions.iter().map(|partition| partition.topic.to_string()).collect())
            }
        }
    }

    /// The wanted partitions of the topics that there are, with their numbers of partitions.
    pub(crate) fn among(&self, topics: &BTreeMap<String, i32>) -> BTreeSet<Partition> {
        let all = topics.iter().flat_map(|(topic, count)| {
            (0..*count).map(move |number| Partition::new(topic, number))
        });
        all.filter(|partition| self.includes(partition)).collect()
    }

    fn includes(&self, partition: &Partition) -> bool {
        match self {
            Self::Topics(topics) => topics.iter().any(|topic| **topic == *partition.topic),
            // Topics whose names begin so are the cluster's own.
            Self::Pattern(pattern) => {
                pattern.is_match(&partition.topic) && !partition.topic.starts_with("__")
            }
            Self::Partitions(partitions) => partitions.contains(partition),
        }
    }

    /// What to subscribe to; librdkafka takes a leading `^` for a regular expression.
    pub(crate) fn subscription(&self) -> Vec<String> {
        match self {
            Self::Topics(topics) => topics.clone(),
            Self::Pattern(pattern) => vec![pattern.as_str().to_owned()],
            Self::Partitions(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(wanted: &Wanted) -> Vec<String> {
        let topics = [("orders", 2), ("orders-eu", 1), ("__consumer_offsets", 4)];
        let topics = topics.map(|(topic, count)| (topic.to_owned(), count)).into();
        wanted.among(&topics).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn topics_patterns_and_partitions_choose() {
        assert_eq!(among(&Wanted::Topics(vec!["orders".into()])), ["orders-0", "orders-1"]);
        let pattern = |text| Wanted::Pattern(Wanted::pattern(text).unwrap());
        assert_eq!(among(&pattern("orders-.*")), ["orders-eu-0"]);
        assert_eq!(among(&pattern("order|orders")), ["orders-0", "orders-1"]);
        assert_eq!(among(&pattern(".*")), ["orders-0", "orders-1", "orders-eu-0"]);
        let some = ["orders-1", "gone-0"].map(|name| name.parse().unwrap());
        assert_eq!(among(&Wanted::Partitions(some.into())), ["orders-1"]);
        assert!(Wanted::pattern("a)|(b").is_err());
    }
}
