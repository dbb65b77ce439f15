//! Eight partitions of a Kafka topic, decoded, to files of JSON.

use anyhow::Result;

use super::kafka::{broker, gateway, reference};
use crate::input::ORDER_SCHEMA;
use crate::measurement::{Comparison, HEAD};
use crate::options::Options;
use crate::reference::kafka::{self, PARTITIONS};

pub(crate) fn run(options: &Options) -> Result<()> {
    let broker = broker()?;
    let topic = kafka::fill(&broker, options.records)?;
    println!("{HEAD}");
    let mut comparison = Comparison::default();
    for _ in 0..options.rounds {
        let scratch = options.scratch()?;
        let folder = scratch.path().display();
        let components = format!(
            "[sources.in]\ntype = \"kafka\"\nbrokers = [\"{broker}\"]\ntopics = [\"{topic}\"]\n\
             start = \"earliest\"\nformat = \"json\"\nschema = {ORDER_SCHEMA}\n\n\
             [sinks.out]\ntype = \"files\"\npath = \"{folder}/out\"\nformat = \"json\"\n\
             roll_interval = \"10m\"\n\n\
             [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"100ms\"\n"
        );
        comparison.gateway.push(gateway(options, scratch.path(), &components)?);
        let to = scratch.path().join("reference").display().to_string();
        let bare = ["kafka-json", &broker, &topic, &to];
        comparison.reference.push(reference(options, scratch.path(), &bare)?);
    }
    let what = format!("{PARTITIONS} partitions of JSON, decoded, to files of JSON");
    println!("{}", comparison.row(&what, "0.8"));
    kafka::delete(&broker, &topic)
}
