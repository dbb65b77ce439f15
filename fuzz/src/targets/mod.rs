//! The targets.

mod avro;
mod checkpoint;
mod config;
mod containers;
mod decoders;
mod flume;
mod framing;
mod http;
mod ipc;
mod journal;
mod kinesis;
mod outcomes;
mod records;
mod schema;
mod tail;

use crate::Target;

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "framing", run: framing::run, seeds: framing::seeds },
    Target { name: "text", run: decoders::text, seeds: decoders::text_seeds },
    Target { name: "json", run: decoders::json, seeds: decoders::json_seeds },
    Target { name: "csv", run: decoders::csv, seeds: decoders::csv_seeds },
    Target { name: "avro", run: avro::run, seeds: avro::seeds },
    Target { name: "avro_schema", run: avro::run_schema, seeds: avro::schema_seeds },
    Target { name: "schema", run: schema::run, seeds: schema::seeds },
    Target { name: "infer", run: schema::run_infer, seeds: schema::infer_seeds },
    Target { name: "avro_file", run: containers::avro, seeds: containers::avro_seeds },
    Target { name: "parquet_file", run: containers::parquet, seeds: containers::parquet_seeds },
    Target { name: "csv_file", run: containers::csv, seeds: containers::csv_seeds },
    Target { name: "journal", run: journal::run, seeds: journal::seeds },
    Target { name: "checkpoint", run: checkpoint::run, seeds: checkpoint::seeds },
    Target { name: "http_body", run: http::run, seeds: http::seeds },
    Target { name: "flume_push", run: flume::run_push, seeds: flume::push_seeds },
    Target { name: "flume_pull", run: flume::run_pull, seeds: flume::pull_seeds },
    Target { name: "kinesis", run: kinesis::run, seeds: kinesis::seeds },
    Target { name: "tail", run: tail::run, seeds: tail::seeds },
    Target { name: "outcomes", run: outcomes::run, seeds: outcomes::seeds },
    Target { name: "arrow_stream", run: ipc::run, seeds: ipc::seeds },
    Target { name: "config", run: config::run, seeds: config::seeds },
];
