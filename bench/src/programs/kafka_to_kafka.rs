//! Eight partitions of a Kafka topic to eight of another.

use anyhow::Result;

use super::draining::{gateway, reference};
use super::kafka::broker;
use crate::measurement::{Comparison, HEAD};
use crate::options::Options;
use crate::reference::kafka::{self, PARTITIONS};

pub(crate) fn run(options: &Options) -> Result<()> {
    let broker = broker()?;
    let from = kafka::fill(&broker, options.records)?;
    println!("{HEAD}");
    for (what, sink) in [("at least once", ""), ("exactly once", "exactly_once = true")] {
        let mut comparison = Comparison::default();
        for _ in 0..options.rounds {
            let scratch = options.scratch()?;
            let to = kafka::create(&broker)?;
            let components = format!(
                "[sources.in]\ntype = \"kafka\"\nbrokers = [\"{broker}\"]\ntopics = [\"{from}\"]\n\
                 start = \"earliest\"\nformat = \"bytes\"\nkeep = [\"key\"]\n\n\
                 [sinks.out]\ntype = \"kafka\"\nbrokers = [\"{broker}\"]\ntopic = \"{to}\"\n{sink}\n\n\
                 [pipelines.{to}]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"100ms\"\n"
            );
            comparison.gateway.push(gateway(options, scratch.path(), &components)?);
            kafka::delete(&broker, &to)?;
            let to = kafka::create(&broker)?;
            let bare = ["kafka-kafka", &broker, &from, &to];
            comparison.reference.push(reference(options, scratch.path(), &bare)?);
            kafka::delete(&broker, &to)?;
        }
        let what = format!("{PARTITIONS} partitions to {PARTITIONS}, {what}");
        println!("{}", comparison.row(&what, "0.85"));
    }
    kafka::delete(&broker, &from)
}
