//! How the connector introduces itself.

use std::time::Duration;

use forebay_clients::kinesis::StreamId;
use forebay_core::component::{BuildContext, Component, Input, Problem, SourceComponent};
use forebay_core::units::{ByteSize, TimeSpan};

use crate::config::KinesisConfig;
use crate::place::Sequence;
use crate::policy::{Start, millis};
use crate::source::KinesisSource;

/// The `kinesis` source.
#[derive(Debug)]
pub struct Kinesis;

impl Component for Kinesis {
    type Config = KinesisConfig;

    const TYPE: &'static str = "kinesis";

    fn check(config: &KinesisConfig) -> Vec<Problem> {
        let mut problems = config.connection.check();
        problems.extend(config.decoding.check());
        if let Err(error) = config.stream.parse::<StreamId>() {
            problems.push(Problem::at("stream", error));
        }
        match &config.start {
            Start::Timestamp(text) => {
                let wrong = millis(text).err();
                problems.extend(wrong.map(|error| Problem::at("start.timestamp", error)));
            }
            Start::SequenceNumbers(numbers) => {
                for (shard, number) in numbers {
                    if let Err(error) = number.parse::<Sequence>() {
                        let path = ["start", "sequence_numbers", shard].map(str::to_owned).to_vec();
                        problems.push(Problem { path, message: error, help: None });
                    }
                }
            }
            Start::TrimHorizon | Start::Latest => {}
        }
        problems.extend(ranges(config));
        problems.extend(leases(config));
        problems.extend(fan_out(config));
        problems
    }
}

impl SourceComponent for Kinesis {
    fn build(config: KinesisConfig, context: &BuildContext) -> Result<Input, Problem> {
        KinesisSource::new(config, context).map(|source| Input::Source(Box::new(source)))
    }
}

/// [The names that consumers have](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html).
fn fan_out(config: &KinesisConfig) -> Option<Problem> {
    let consumer = &config.fan_out.as_ref()?.consumer;
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_name = (1..=128).contains(&consumer.len()) && consumer.chars().all(is_legal);
    let is_arn = consumer.starts_with("arn:") && consumer.contains("/consumer/");
    let path = ["fan_out", "consumer"].map(str::to_owned).to_vec();
    let message = format!("`{consumer}` is no consumer");
    let help = "write its name (letters, digits, `.`, `_` and `-`, at most 128) or its ARN";
    let problem = Problem { path, message, help: Some(help.to_owned()) };
    (!is_name && !is_arn).then_some(problem)
}

fn leases(config: &KinesisConfig) -> Vec<Problem> {
    let Some(leases) = &config.leases else { return Vec::new() };
    let mut problems = config.lease_connection(leases).check();
    // The timeout is made from others.
    problems.retain(|problem| problem.path != ["timeout"]);
    if leases.credentials.is_none() {
        problems.retain(|problem| problem.path.first().is_none_or(|key| key != "credentials"));
    }
    if leases.region.is_none() {
        problems.retain(|problem| problem.path != ["region"]);
    }
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name = &leases.table;
    if !(3..=255).contains(&name.len()) || !name.chars().all(is_legal) {
        let text = format!("`{name}` is no name of a table");
        let help = "write letters, digits, `.`, `_` and `-`, from 3 to 255";
        problems.push(Problem::at("table", text).help(help));
    }
    if leases.worker.as_deref() == Some("") {
        problems.push(Problem::at("worker", "a worker has a name"));
    }
    for (key, span, least, most) in [
        ("failover", leases.failover, TimeSpan::from_secs(2), TimeSpan::from_secs(300)),
        (
            "commit_interval",
            leases.commit_interval,
            TimeSpan::from_millis(100),
            TimeSpan::from_secs(60),
        ),
    ] {
        if !(least..=most).contains(&span) {
            problems.push(Problem::at(key, format!("{span} is not between {least} and {most}")));
        }
    }
    if leases.max_shards == Some(0) {
        problems.push(Problem::at("max_shards", "at least one shard is read"));
    }
    for problem in &mut problems {
        problem.path.insert(0, "leases".to_owned());
    }
    if matches!(config.start, Start::SequenceNumbers(_)) {
        let text = "where shards that are shared begin stands in the table of leases";
        problems.push(Problem::at("start", text).help("write the numbers there, as `checkpoint`"));
    }
    problems
}

fn ranges(config: &KinesisConfig) -> Vec<Problem> {
    let spans = [
        (
            "poll_interval",
            config.poll_interval,
            TimeSpan::from_millis(200),
            TimeSpan::from_secs(60),
        ),
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
    if !(1..=10_000).contains(&config.max_records) {
        let text = format!("{} is not between 1 and 10000", config.max_records);
        problems.push(Problem::at("max_records", text));
    }
    let (least, most) = (ByteSize::mib(1), ByteSize::mib(16 << 10));
    if !(least..=most).contains(&config.buffer) {
        let text = format!("{} is not between {least} and {most}", config.buffer);
        problems.push(Problem::at("buffer", text));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let config: KinesisConfig = toml::from_str(text).unwrap();
        Kinesis::check(&config).iter().map(|problem| problem.path.join(" ")).collect()
    }

    #[test]
    fn what_is_right_has_no_problems() {
        for text in [
            "stream = \"orders\"",
            "stream = \"orders\"\nleases = { table = \"forebay-orders\", max_shards = 4 }",
            "stream = \"orders\"\nstart = \"latest\"\non_loss = \"earliest\"\nunpack = false",
            "stream = \"arn:aws:kinesis:eu-central-1:1:stream/orders\"\nstart = { timestamp = \"2026-01-31T08:00:00Z\" }",
            "stream = \"orders\"\nstart = { sequence_numbers = { \"shardId-000000000000\" = \"4959\" } }",
        ] {
            assert_eq!(paths(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn all_problems_are_found_at_once() {
        assert_eq!(
            paths(
                "stream = \"a b\"\nendpoint = \"x\"\nstart = { sequence_numbers = { \"s\" = \"x\" } }\n\
                 poll_interval = \"1ms\"\nmax_records = 0\nbuffer = \"1KiB\"\ndiscover_interval = \"1d\""
            ),
            [
                "endpoint",
                "stream",
                "start sequence_numbers s",
                "poll_interval",
                "discover_interval",
                "max_records",
                "buffer"
            ]
        );
        assert_eq!(
            paths(
                "stream = \"o\"\nstart = { sequence_numbers = {} }\nleases = { table = \"a b\", \
                 worker = \"\", failover = \"1s\", commit_interval = \"1ms\", max_shards = 0, \
                 endpoint = \"x\" }"
            ),
            [
                "leases endpoint",
                "leases table",
                "leases worker",
                "leases failover",
                "leases commit_interval",
                "leases max_shards",
                "start"
            ]
        );
        assert_eq!(paths("stream = \"o\"\nfan_out = { consumer = \"a/b\" }"), ["fan_out consumer"]);
        assert_eq!(paths("stream = \"o\"\nstart = { timestamp = \"noon\" }"), ["start timestamp"]);
    }
}
