//! What the programs with Kafka share: the broker.

use anyhow::{Context, Result};

/// `host:port` of a broker that runs; it is not started here, so that it can be any.
const VARIABLE: &str = "FOREBAY_BENCH_KAFKA";

/// The broker to measure with.
pub(super) fn broker() -> Result<String> {
    std::env::var(VARIABLE)
        .with_context(|| format!("{VARIABLE} has to name a broker, such as 127.0.0.1:9092"))
}
