//! Eight partitions of a Kafka topic to nowhere.

use anyhow::Result;

use super::draining::{gateway, reference};
use super::kafka::broker;
use crate::measurement::{Comparison, HEAD};
use crate::options::Options;
use crate::reference::kafka::{self, PARTITIONS};

pub(crate) fn run(options: &Options) -> Result<()> {
    let broker = broker()?;
    let topic = kafka::fill(&broker, options.records)?;
    println!("{HEAD}");
    for (columns, keep) in [("value and offset", "keep = [\"offset\"]\n"), ("all columns", "")] {
        let components = format!(
            "[sources.in]\ntype = \"kafka\"\nbrokers = [\"{broker}\"]\ntopics = [\"{topic}\"]\n\
             format = \"bytes\"\n{keep}\n\
             [sinks.out]\ntype = \"blackhole\"\n\n\
             [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"100ms\"\n"
        );
        let mut comparison = Comparison::default();
        for _ in 0..options.rounds {
            let scratch = options.scratch()?;
            comparison.gateway.push(gateway(options, scratch.path(), &components)?);
            let bare = ["kafka-nowhere", &broker, &topic];
            comparison.reference.push(reference(options, scratch.path(), &bare)?);
        }
        let what = format!("{PARTITIONS} partitions to blackhole, {columns}");
        println!("{}", comparison.row(&what, "0.8"));
    }
    kafka::delete(&broker, &topic)
}
