//! Orders to eight shards of a Kinesis data stream.

use anyhow::Result;

use super::draining::{gateway, orders_to, reference};
use super::kinesis::{endpoint, orders_onto};
use crate::measurement::{Comparison, HEAD, Run};
use crate::options::Options;
use crate::reference::kinesis::{self, SHARDS};

pub(crate) fn run(options: &Options) -> Result<()> {
    let endpoint = endpoint()?;
    let here = options.scratch()?;
    let bare =
        |stream: &str| reference(options, here.path(), &["orders-kinesis", &endpoint, stream]);
    // An emulator that has just started becomes faster with the first records that it takes.
    onto_a_stream("the reference", &endpoint, options, bare)?;
    println!("{HEAD}");
    let mut comparison = Comparison::default();
    for _ in 0..options.rounds {
        let scratch = options.scratch()?;
        let folder = scratch.path();
        comparison.gateway.push(onto_a_stream("the gateway", &endpoint, options, |stream| {
            let components = orders_to(&orders_onto(&endpoint, stream), options.records);
            gateway(options, folder, &components)
        })?);
        comparison.reference.push(onto_a_stream("the reference", &endpoint, options, bare)?);
    }
    println!("{}", comparison.row(&format!("orders to {SHARDS} shards"), "0.7"));
    Ok(())
}

/// A run onto a stream of its own, which has to have all orders then.
fn onto_a_stream(
    who: &str,
    endpoint: &str,
    options: &Options,
    go: impl FnOnce(&str) -> Result<Run>,
) -> Result<Run> {
    let stream = kinesis::create(endpoint)?;
    let run = go(&stream)?;
    kinesis::count(endpoint, &stream, options.records)?.ensure(who, options.records)?;
    kinesis::delete(endpoint, &stream)?;
    Ok(run)
}
