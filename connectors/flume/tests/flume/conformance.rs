//! The receiver keeps the contract of all receivers.

use forebay_core::testing::receiver::check_enveloped;
use forebay_flume_source::testing::{Agent, Status, event};
use serde_json::Value;
use tokio::net::TcpStream;

use crate::running::build;

/// Sends records as the bodies of a batch.
async fn send(observed: Value, records: Vec<Vec<u8>>) -> Result<(), String> {
    let address = observed["listening"].as_str().ok_or("it does not listen")?;
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    let events: Vec<_> = records.iter().map(|body| event(&[], body)).collect();
    match Agent::new(stream).append_batch(&events).await? {
        Status::Ok => Ok(()),
        refused => Err(format!("{refused:?}")),
    }
}

/// The body of an event without headers: behind the zero that ends them stands its length, in one
/// byte or two.
fn body(event: &[u8]) -> Vec<u8> {
    let from = if event[1] < 0x80 { 2 } else { 3 };
    event[from..].to_vec()
}

#[tokio::test]
async fn the_receiver_conforms() {
    let build = || build("max_frame = \"32KiB\"\npatience = \"50ms\"");
    check_enveloped(build, send, body, 40_000).await.unwrap();
}
