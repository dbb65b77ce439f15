//! How the connector introduces itself.

use std::collections::BTreeSet;

use forebay_clients::address::HostPort;
use forebay_core::component::{BuildContext, Component, Input, Problem, SourceComponent};
use forebay_core::units::{ByteSize, TimeSpan};

use crate::large::Largest;

use super::config::FlumePullConfig;
use super::receiver::PullReceiver;

/// The `flume-pull` source.
#[derive(Debug)]
pub struct FlumePull;

impl Component for FlumePull {
    type Config = FlumePullConfig;

    const TYPE: &'static str = "flume-pull";

    fn check(config: &FlumePullConfig) -> Vec<Problem> {
        const MOST_EVENTS: u32 = 1_000_000;
        const MOST_CONNECTIONS: usize = 64;
        let mut problems = config.decoding.check();
        if config.addresses.is_empty() {
            let help = "write addresses = [\"agent:9988\"]";
            problems.push(Problem::at("addresses", "there is no sink to poll").help(help));
        }
        let mut seen = BTreeSet::new();
        for (index, text) in config.addresses.iter().enumerate() {
            let path = format!("addresses.{index}");
            match text.parse::<HostPort>() {
                Err(error) => problems.push(Problem::at(&path, error)),
                Ok(address) if address.port == 0 => {
                    problems.push(Problem::at(&path, "port 0 cannot be connected to"));
                }
                Ok(_) if !seen.insert(text) => {
                    let help = "more connections to one sink: `connections`";
                    problems.push(Problem::at(&path, "it is there twice").help(help));
                }
                Ok(_) => {}
            }
        }
        if !(1..=MOST_EVENTS).contains(&config.batch) {
            let text = format!("{} is not between 1 and {MOST_EVENTS}", config.batch);
            problems.push(Problem::at("batch", text));
        }
        if !(1..=MOST_CONNECTIONS).contains(&config.connections) {
            let text = format!("{} is not between 1 and {MOST_CONNECTIONS}", config.connections);
            problems.push(Problem::at("connections", text));
        }
        let (least, most) = (ByteSize(1 << 10), ByteSize(1 << 30));
        if !(least..=most).contains(&config.max_frame) {
            let text = format!("{} is not between {least} and {most}", config.max_frame);
            problems.push(Problem::at("max_frame", text));
        }
        problems.extend(Largest::check(config.max_event));
        if config.sink_timeout < TimeSpan::from_secs(1) {
            problems.push(Problem::at("sink_timeout", "must be at least 1s"));
        }
        problems
    }
}

impl SourceComponent for FlumePull {
    fn build(mut config: FlumePullConfig, context: &BuildContext) -> Result<Input, Problem> {
        config.decoding.load(&context.base)?;
        PullReceiver::new(&config).map(|receiver| Input::Receiver(Box::new(receiver)))
    }
}
