//! The receiver keeps the contract of all receivers.

use forebay_core::testing::receiver::check;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::running::build;

/// Sends lines, and waits until the last of them is acknowledged.
async fn send(observed: Value, records: Vec<Vec<u8>>) -> Result<(), String> {
    let address = observed["listening"].as_str().ok_or("it does not listen")?;
    let address = address.trim_start_matches("tcp://");
    let mut stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    let mut text = records.join(&b'\n');
    text.push(b'\n');
    stream.write_all(&text).await.map_err(|error| error.to_string())?;
    let mut answers = BufReader::new(stream).lines();
    while let Some(line) = answers.next_line().await.map_err(|error| error.to_string())? {
        if line == format!("ack {}", records.len()) {
            return Ok(());
        }
    }
    Err("the connection was closed".to_owned())
}

#[tokio::test]
async fn the_receiver_conforms() {
    let options = r#"
        listen = "tcp://127.0.0.1:0"
        acknowledge = true
        max_frame = "1KiB"
    "#;
    check(|| build(options), send, 3000).await.unwrap();
}
