//! Guarantees: whatever instant or named point the gateway is killed at, each line that a socket
//! client saw an `ack` for is in the files exactly once, and none is there twice.

use anyhow::Result;
use forebay_integration_tests::{LineClient, SMALL_SEGMENTS, acknowledgement, to_files};

fn config(port: u16) -> String {
    let source = format!(
        "type = \"socket\"\nlisten = \"tcp://127.0.0.1:{port}\"\nacknowledge = true\n{SMALL_SEGMENTS}"
    );
    to_files("lines", &source)
}

#[test]
fn killed_at_random_instants() -> Result<()> {
    acknowledgement::at_random_instants::<LineClient>(config)
}

#[test]
fn ended_at_every_named_point() -> Result<()> {
    acknowledgement::at_every_named_point::<LineClient>(config)
}
