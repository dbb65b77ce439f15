//! Eight partitions of a Kafka topic, decoded, to files of JSON.

use anyhow::Result;

use super::draining::{gateway, reference, to_json_files};
use super::kafka::broker;
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
        let folder = scratch.path();
        let source = format!(
            "type = \"kafka\"\nbrokers = [\"{broker}\"]\ntopics = [\"{topic}\"]\n\
             start = \"earliest\""
        );
        let components = to_json_files(&source, folder);
        comparison.gateway.push(gateway(options, folder, &components)?);
        let to = folder.join("reference").display().to_string();
        let bare = ["kafka-json", &broker, &topic, &to];
        comparison.reference.push(reference(options, folder, &bare)?);
    }
    let what = format!("{PARTITIONS} partitions of JSON, decoded, to files of JSON");
    println!("{}", comparison.row(&what, "0.8"));
    kafka::delete(&broker, &topic)
}
