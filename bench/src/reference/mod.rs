//! Bare loops over the same libraries with the same syncs: what the gateway is measured by.
//!
//! They keep no checkpoint, have no limits and no metrics, and lose what they hold in memory when
//! they are killed. Some can be told to keep a log, so that they do what a journal does: write
//! and sync what came in before they answer.

mod cassandra;
mod exec;
mod exec_peer;
mod files;
mod flume;
mod flume_pull;
mod gathered;
mod http;
pub(crate) mod kafka;
mod kafka_to_json;
mod kafka_to_kafka;
mod kafka_to_nowhere;
pub(crate) mod kinesis;
mod kinesis_lanes;
mod kinesis_to_json;
mod log;
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
        ["socket-text", port, to, ref log @ ..] => {
            socket::run(port.parse()?, Path::new(to), path(log))
        }
        ["cassandra", way, host, records, customers] => {
            cassandra::run(way, host, records.parse()?, customers.parse()?)
        }
        ["exec-text", from, to, ref log @ ..] => {
            exec::run(Path::new(from), Path::new(to), path(log))
        }
        ["flume-text", port, to, ref log @ ..] => {
            flume::run(port.parse()?, Path::new(to), path(log))
        }
        ["http-text", port, to, ref log @ ..] => http::run(port.parse()?, Path::new(to), path(log)),
        ["exec-peer", count] => exec_peer::run(Path::new(count)),
        ["flume-pull-text", addresses, to, ref log @ ..] => {
            flume_pull::run(addresses, Path::new(to), path(log))
        }
        ["orders-exec", count, records] => orders_to_exec::run(Path::new(count), records.parse()?),
        ["orders-http", url, records] => orders_to_http::run(url, records.parse()?),
        ["orders-kinesis", endpoint, stream, records] => {
            orders_to_kinesis::run(endpoint, stream, records.parse()?)
        }
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

/// The path of the log, if there is to be one.
fn path<'a>(log: &[&'a str]) -> Option<&'a Path> {
    log.first().map(|path| Path::new(*path))
}
