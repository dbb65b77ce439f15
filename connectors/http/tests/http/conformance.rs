//! The receiver keeps the contract of all receivers.

use std::sync::Arc;

use forebay_core::component::{BuildContext, Input, SourceComponent};
use forebay_core::receiver::Receiver;
use forebay_core::testing::receiver::check;
use forebay_http_source::{Http, HttpConfig};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::post;

fn build() -> Box<dyn Receiver> {
    let options = "listen = \"127.0.0.1:0\"\nbody = \"lines\"\nmax_body = \"16KiB\"";
    let config: HttpConfig = toml::from_str(options).unwrap();
    let context = BuildContext {
        name: Arc::from("in"),
        pipeline: Arc::from("p"),
        base: std::env::temp_dir(),
        instance: Arc::from("i"),
    };
    match Http::build(config, &context) {
        Ok(Input::Receiver(receiver)) => receiver,
        _ => panic!("no receiver"),
    }
}

/// Posts lines, and reads the status.
async fn send(observed: Value, records: Vec<Vec<u8>>) -> Result<(), String> {
    let address = observed["listening"].as_str().ok_or("it does not listen")?;
    let mut stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    // A server may answer and close before it has read everything.
    let _ = stream.write_all(&post("/", "connection: close\r\n", records.join(&b'\n'))).await;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer);
    match text.starts_with("HTTP/1.1 200 ") {
        true => Ok(()),
        false => Err(format!("{read:?}: {text}")),
    }
}

#[tokio::test]
async fn the_receiver_conforms() {
    check(build, send, 20_000).await.unwrap();
}
