//! Bare loops over the same libraries with the same syncs: what the gateway is measured by.
//!
//! They keep no checkpoint and no journal, have no limits and no metrics, and lose what they
//! hold in memory when they are killed.

mod cassandra;
mod exec;
mod exec_peer;
mod files;
mod flume;
mod flume_pull;
mod http;
pub(crate) mod kafka;
mod kafka_to_json;
mod kafka_to_kafka;
mod kafka_to_nowhere;
pub(crate) mod kinesis;
mod kinesis_lanes;
mod kinesis_to_json;
mod orders;
mod orders_to_exec;
mod orders_to_http;
mod orders_to_kinesis;
mod output;
mod socket;

use std::path::Path;

use anyhow::{Result, bail};

/// Runs the reference that the arguments name.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["text-text", from, to] => files::text_to_text(Path::new(from), Path::new(to)),
        ["json-json", from, to] => files::json_to_json(Path::new(from), Path::new(to)),
        ["json-parquet", from, to] => files::json_to_parquet(Path::new(from), Path::new(to)),
        ["socket-text", port, to] => socket::run(port.parse()?, Path::new(to)),
        ["cassandra", way, host, records, customers] => {
            cassandra::run(way, host, records.parse()?, customers.parse()?)
        }
        ["exec-text", from, to] => exec::run(Path::new(from), Path::new(to)),
        ["exec-peer", count] => exec_peer::run(Path::new(count)),
        ["orders-exec", count, records] => orders_to_exec::run(Path::new(count), records.parse()?),
        ["orders-http", url, records] => orders_to_http::run(url, records.parse()?),
        ["orders-kinesis", endpoint, stream, records] => {
            orders_to_kinesis::run(endpoint, stream, records.parse()?)
        }
        ["flume-pull-text", to, ref addresses @ ..] => flume_pull::run(Path::new(to), addresses),
        ["flume-text", port, to] => flume::run(port.parse()?, Path::new(to)),
        ["http-text", port, to] => http::run(port.parse()?, Path::new(to)),
        ["kafka-nowhere", brokers, topic, records] => {
            kafka_to_nowhere::run(brokers, topic, records.parse()?)
        }
        ["kafka-json", brokers, topic, to, records] => {
            kafka_to_json::run(brokers, topic, Path::new(to), records.parse()?)
        }
        ["kinesis-json", endpoint, stream, to, records] => {
            kinesis_to_json::run(endpoint, stream, Path::new(to), records.parse()?)
        }
        ["kafka-kafka", brokers, from, to, records] => {
            kafka_to_kafka::run(brokers, from, to, records.parse()?)
        }
        _ => bail!("there is no such reference: {}", arguments.join(" ")),
    }
}
