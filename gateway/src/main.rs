//! The forebay binary.

use std::process::ExitCode;

/// Also librdkafka's: its queues hold most of the small pieces.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    forebay::Cli::run(&forebay::Registry::default())
}
