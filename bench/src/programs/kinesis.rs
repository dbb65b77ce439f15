//! What the programs with Kinesis share: the service.

use anyhow::{Context, Result};

/// The address of a service or an emulator that runs.
const VARIABLE: &str = "FOREBAY_BENCH_KINESIS";

/// The address to measure with.
pub(super) fn endpoint() -> Result<String> {
    std::env::var(VARIABLE).with_context(|| {
        format!("{VARIABLE} has to be the address of an emulator, such as http://127.0.0.1:4568")
    })
}

/// The options of a source or a sink that uses a stream, as lines of TOML.
pub(super) fn component(endpoint: &str, stream: &str) -> String {
    format!(
        "type = \"kinesis\"\nstream = \"{stream}\"\nregion = \"us-east-1\"\n\
         endpoint = \"{endpoint}\"\n\
         credentials = {{ access_key_id = \"x\", secret_access_key = \"y\" }}"
    )
}

/// The options of a sink that puts orders onto a stream, as lines of TOML.
pub(super) fn orders_onto(endpoint: &str, stream: &str) -> String {
    format!("{}\npartition_key = \"{{customer}}\"", component(endpoint, stream))
}
