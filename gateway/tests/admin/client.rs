//! A client that says exactly what it is told to.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| unreadable(&error, self))
    }
}

#[expect(clippy::panic, reason = "a test whose answer is no JSON should fail and show it")]
fn unreadable(error: &serde_json::Error, answer: &Answer) -> Value {
    panic!("{error}: {answer:?}")
}

/// Sends bytes, and reads until the connection is closed.
pub(crate) async fn send(address: SocketAddr, request: &[u8]) -> Answer {
    let talk = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let text = tokio::time::timeout(PATIENCE, talk).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

/// Asks with GET.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    send(address, request.as_bytes()).await
}

/// Changes something, as the dashboard does; `more` are headers of its own.
pub(crate) async fn post(address: SocketAddr, path: &str, body: &str, more: &str) -> Answer {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nX-Forebay-Action: 1\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n{more}\r\n{body}"
    );
    send(address, request.as_bytes()).await
}

/// Asks again and again until the answer is as it should be.
pub(crate) async fn until(
    address: SocketAddr,
    path: &str,
    is_so: impl Fn(&Answer) -> bool,
) -> Answer {
    let asking = async {
        loop {
            let answer = get(address, path).await;
            if is_so(&answer) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap()
}
