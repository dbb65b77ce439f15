//! Orders to a stream that takes them at once: what the sink itself costs.

use anyhow::Result;

use super::counting_server::CountingServer;
use super::draining::{gateway, orders_to, reference};
use super::kinesis::orders_onto;
use super::kinesis_double;
use crate::measurement::{Comparison, HEAD};
use crate::options::Options;

pub(crate) fn run(options: &Options) -> Result<()> {
    println!("{HEAD}");
    let server = CountingServer::start(kinesis_double::take)?;
    let (endpoint, stream) = (server.url(), "bench");
    let mut comparison = Comparison::default();
    for _ in 0..options.rounds {
        let scratch = options.scratch()?;
        let components = orders_to(&orders_onto(&endpoint, stream), options.records);
        comparison.gateway.push(gateway(options, scratch.path(), &components)?);
        server.counted()?.ensure("the gateway", options.records)?;
        let bare = ["orders-kinesis", &endpoint, stream];
        comparison.reference.push(reference(options, scratch.path(), &bare)?);
        server.counted()?.ensure("the reference", options.records)?;
    }
    println!("{}", comparison.row("orders to a stream that takes them at once", "0.7"));
    Ok(())
}
