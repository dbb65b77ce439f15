//! Guarantees: whatever instant or named point the gateway is killed at, each record that an HTTP
//! client got a 200 for is in the files exactly once, and none is there twice.

use anyhow::Result;
use forebay_integration_tests::{HttpClient, acknowledgement};

#[test]
fn killed_at_random_instants() -> Result<()> {
    acknowledgement::at_random_instants::<HttpClient>(HttpClient::to_files)
}

#[test]
fn ended_at_every_named_point() -> Result<()> {
    acknowledgement::at_every_named_point::<HttpClient>(HttpClient::to_files)
}
