//! The programs, by name.

mod batch_overhead;
mod cassandra_sink;
mod counting_server;
mod draining;
mod exec_sink;
mod exec_to_files;
mod files_to_files;
mod flume_pull_to_files;
mod flume_to_files;
mod http_sink;
mod http_to_files;
mod idle;
mod kafka;
mod kafka_to_blackhole;
mod kafka_to_files;
mod kafka_to_kafka;
mod kinesis;
mod kinesis_double;
mod kinesis_sink;
mod kinesis_sink_alone;
mod kinesis_to_files;
mod memory;
mod receiving;
mod socket_to_files;
mod startup;
mod tail_to_files;
mod watched;

use anyhow::{Result, bail};

use crate::options::Options;

/// A program: its name, what it measures, and itself.
type Program = (&'static str, &'static str, fn(&Options) -> Result<()>);

const PROGRAMS: &[Program] = &[
    (
        "files_to_files",
        "text to text, JSON to typed columns to JSON and to Parquet",
        files_to_files::run,
    ),
    ("socket_to_files", "lines from TCP through the journal", socket_to_files::run),
    ("http_to_files", "posts of 1000 records through the journal", http_to_files::run),
    ("flume_to_files", "batches of 1000 events through the journal", flume_to_files::run),
    (
        "flume_pull_to_files",
        "batches of 1000 events, polled, through the journal",
        flume_pull_to_files::run,
    ),
    ("tail_to_files", "files that grow, as far as they have grown", tail_to_files::run),
    ("exec_to_files", "lines of a program through the journal", exec_to_files::run),
    (
        "kafka_to_blackhole",
        "eight partitions to nowhere, from a broker that runs",
        kafka_to_blackhole::run,
    ),
    ("kafka_to_files", "eight partitions of JSON, decoded, to files of JSON", kafka_to_files::run),
    (
        "kafka_to_kafka",
        "eight partitions to eight, at least once and exactly once",
        kafka_to_kafka::run,
    ),
    (
        "kinesis_to_files",
        "eight shards of JSON, decoded, to files of JSON, from a service that runs",
        kinesis_to_files::run,
    ),
    ("kinesis_sink", "orders to eight shards, of a service that runs", kinesis_sink::run),
    (
        "kinesis_sink_alone",
        "orders to a stream that takes them at once, and keeps nothing",
        kinesis_sink_alone::run,
    ),
    ("exec_sink", "orders to a program that answers each batch", exec_sink::run),
    ("http_sink", "orders posted, 1000 at a time", http_sink::run),
    ("batch_overhead", "processor time of a tiny batch", batch_overhead::run),
    ("cassandra_sink", "rows in memory to a table of Cassandra", cassandra_sink::run),
    ("idle", "processor time with nothing to do, with 64 splits and with 20 000 files", idle::run),
    ("memory", "resident memory, idle and under overload", memory::run),
    ("startup", "from start to the first record written", startup::run),
    ("watched", "an open dashboard and `/metrics`, with 1000 splits", watched::run),
];

/// Runs the program that the arguments name, or all.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let name = arguments.first().map_or("list", String::as_str);
    let options = Options::parse(usual_records(name), arguments.get(1..).unwrap_or_default())?;
    match name {
        "list" => {
            println!("forebay-bench NAME|all [--rounds N] [--records N] [--folder DIR]\n");
            for (name, what, _) in PROGRAMS {
                println!("  {name:<20} {what}");
            }
            Ok(())
        }
        // Those that need a server of somebody else's are asked for by name.
        "all" => PROGRAMS.iter().filter(|(name, ..)| !needs_a_server(name)).try_for_each(
            |(name, _, program)| {
                println!("\n### {name}\n");
                program(&options)
            },
        ),
        name => match PROGRAMS.iter().find(|(known, _, _)| *known == name) {
            Some((_, _, program)) => program(&options),
            None => bail!("there is no benchmark `{name}`; `list` names them"),
        },
    }
}

fn needs_a_server(name: &str) -> bool {
    name.starts_with("kafka") || name.starts_with("cassandra") || needs_an_emulator(name)
}

fn needs_an_emulator(name: &str) -> bool {
    matches!(name, "kinesis_to_files" | "kinesis_sink")
}

/// How many records a program moves if nobody says: emulators are slow.
fn usual_records(name: &str) -> u64 {
    if needs_an_emulator(name) { 20_000 } else { 1_000_000 }
}
