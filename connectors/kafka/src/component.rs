//! How the connector introduces itself.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_clients::kafka::Role;
use forebay_core::component::{BuildContext, Component, Input, Problem, SourceComponent};
use forebay_core::units::{ByteSize, TimeSpan};
use forebay_formats::KeyDecoding;

use crate::config::KafkaConfig;
use crate::partition::Partition;
use crate::policy::{Assign, End, Start, millis};
use crate::source::KafkaSource;
use crate::wanted::Wanted;

/// The `kafka` source.
#[derive(Debug)]
pub struct Kafka;

impl Component for Kafka {
    type Config = KafkaConfig;

    const TYPE: &'static str = "kafka";

    fn check(config: &KafkaConfig) -> Vec<Problem> {
        let mut problems = config.connection.check(Role::Consumer);
        problems.extend(config.decoding.check());
        problems.extend(config.key.iter().flat_map(KeyDecoding::check));
        problems.extend(topics(config));
        problems.extend(group(config));
        problems.extend(ranges(config));
        let (start, end) = (&config.start, &config.end);
        match start {
            Start::Timestamp(text) => problems.extend(time("start.timestamp", text)),
            Start::Offsets(offsets) => problems.extend(offsets_of("start.offsets", offsets)),
            Start::Earliest | Start::Latest => {}
        }
        match end {
            Some(End::Timestamp(text)) => problems.extend(time("end.timestamp", text)),
            Some(End::Offsets(offsets)) => problems.extend(offsets_of("end.offsets", offsets)),
            Some(End::Latest) | None => {}
        }
        problems
    }
}

impl SourceComponent for Kafka {
    fn build(config: KafkaConfig, context: &BuildContext) -> Result<Input, Problem> {
        KafkaSource::new(config, context).map(|source| Input::Source(Box::new(source)))
    }
}

fn topics(config: &KafkaConfig) -> Vec<Problem> {
    let mut problems = Vec::new();
    let ways =
        [!config.topics.is_empty(), config.topics_pattern.is_some(), !config.partitions.is_empty()];
    if ways.into_iter().filter(|way| *way).count() != 1 {
        let text = "exactly one of `topics`, `topics_pattern` and `partitions` is needed";
        problems.push(Problem::at("topics", text).help("write topics = [\"orders\"]"));
    }
    for (index, topic) in config.topics.iter().enumerate() {
        if !is_topic(topic) {
            let text = format!(
                "`{topic}` is no name of a topic: letters, digits, `.`, `_` and `-`, at most 249"
            );
            problems.push(Problem::at(&format!("topics.{index}"), text));
        }
    }
    for (index, name) in config.partitions.iter().enumerate() {
        if let Err(error) = name.parse::<Partition>() {
            problems.push(Problem::at(&format!("partitions.{index}"), error));
        }
    }
    if let Some(pattern) = &config.topics_pattern
        && let Err(error) = Wanted::pattern(pattern)
    {
        problems.push(Problem::at("topics_pattern", error));
    }
    problems
}

/// [The names that Kafka takes](https://github.com/apache/kafka/blob/4.0/clients/src/main/java/org/apache/kafka/common/internals/Topic.java).
fn is_topic(name: &str) -> bool {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !matches!(name, "" | "." | "..") && name.len() <= 249 && name.chars().all(is_legal)
}

fn group(config: &KafkaConfig) -> Vec<Problem> {
    let mut problems = Vec::new();
    if config.group.as_deref() == Some("") {
        problems.push(Problem::at("group", "a group has a name"));
    }
    if config.assign == Assign::Group {
        if config.group.is_none() {
            problems.push(Problem::at("group", "`assign = \"group\"` needs a `group`"));
        }
        if !config.partitions.is_empty() {
            problems.push(
                Problem::at("partitions", "a group shares topics, not single partitions")
                    .help("write `topics`, or `assign = \"all\"`"),
            );
        }
        if config.end.is_some() {
            problems.push(
                Problem::at("end", "a group has no common end")
                    .help("write `assign = \"all\"`, or run with --available-now"),
            );
        }
        if matches!(config.start, Start::Offsets(_)) {
            let text = "the offsets of a group's partitions are kept by the group";
            problems.push(
                Problem::at("start", text)
                    .help("set them with kafka-consumer-groups --reset-offsets"),
            );
        }
    } else if config.instance_id.is_some() {
        let text = "only members of a group have one: write `assign = \"group\"`";
        problems.push(Problem::at("instance_id", text));
    }
    problems
}

fn ranges(config: &KafkaConfig) -> Vec<Problem> {
    const HALF_HOUR: TimeSpan = TimeSpan::from_secs(1800);
    let spans = [
        ("session_timeout", config.session_timeout, TimeSpan::from_secs(1), HALF_HOUR),
        ("drain_timeout", config.drain_timeout, TimeSpan::from_secs(1), HALF_HOUR),
        (
            "discover_interval",
            config.discover_interval,
            TimeSpan::from_secs(1),
            TimeSpan(Duration::from_secs(3600)),
        ),
    ];
    let mut problems = Vec::new();
    for (key, span, least, most) in spans {
        if !(least..=most).contains(&span) {
            problems.push(Problem::at(key, format!("{span} is not between {least} and {most}")));
        }
    }
    let (least, most) = (ByteSize::mib(1), ByteSize::mib(16 << 10));
    if !(least..=most).contains(&config.buffer) {
        let text = format!("{} is not between {least} and {most}", config.buffer);
        problems.push(Problem::at("buffer", text));
    }
    problems
}

fn time(path: &str, text: &str) -> Option<Problem> {
    millis(text).err().map(|error| Problem::at(path, error))
}

fn offsets_of(path: &str, offsets: &BTreeMap<String, u64>) -> Vec<Problem> {
    let keys = path.split('.').map(str::to_owned);
    let wrong = offsets.iter().filter_map(|(name, offset)| {
        let message = match name.parse::<Partition>() {
            Err(error) => error,
            Ok(_) if i64::try_from(*offset).is_err() => format!("{offset} is no offset"),
            Ok(_) => return None,
        };
        let path = keys.clone().chain([name.clone()]).collect();
        Some(Problem { path, message, help: None })
    });
    wrong.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let config: KafkaConfig = toml::from_str(&format!("brokers = [\"b:9\"]\n{text}")).unwrap();
        Kafka::check(&config).iter().map(|problem| problem.path.join(" ")).collect()
    }

    #[test]
    fn what_is_right_has_no_problems() {
        for text in [
            "topics = [\"orders\"]",
            "topics_pattern = \"orders-.*\"\nassign = \"group\"\ngroup = \"g\"\ninstance_id = \"a\"",
            "partitions = [\"orders-0\"]\nstart = { offsets = { \"orders-0\" = 17 } }\nend = { offsets = { \"orders-0\" = 20 } }",
            "topics = [\"o\"]\nstart = \"latest\"\nend = \"latest\"\ngroup = \"g\"\non_loss = \"earliest\"\nisolation = \"read_uncommitted\"",
            "topics = [\"o\"]\nstart = { timestamp = \"2026-01-31T08:00:00Z\" }",
            "topics = [\"o\"]\nkey = {}",
        ] {
            assert_eq!(paths(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn all_problems_are_found_at_once() {
        assert_eq!(paths(""), ["topics"]);
        assert_eq!(paths("topics = [\"o\"]\npartitions = [\"o-1\"]"), ["topics"]);
        assert_eq!(
            paths(
                "topics = [\"o p\"]\nassign = \"group\"\nend = \"latest\"\nbuffer = \"1KiB\"\nsession_timeout = \"0s\"\nstart = { offsets = { \"x\" = 1 } }"
            ),
            ["topics 0", "group", "end", "start", "session_timeout", "buffer", "start offsets x"]
        );
        assert_eq!(paths("topics = [\"o\"]\ninstance_id = \"a\""), ["instance_id"]);
        assert_eq!(paths("topics_pattern = \"(\""), ["topics_pattern"]);
        assert_eq!(paths("topics = [\"o\"]\nkey = { format = \"json\" }"), ["key schema"]);
        assert_eq!(
            paths("topics = [\"o\"]\nstart = { timestamp = \"noon\" }"),
            ["start timestamp"]
        );
    }
}
