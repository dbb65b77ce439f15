//! A receiver that runs, and a client that says exactly what it is told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use forebay_core::component::{BuildContext, Component, Input, Observe, SourceComponent};
use forebay_core::journal::Intake;
use forebay_core::receiver::ReceiverError;
use forebay_core::testing::observed;
use forebay_http_source::{Http, HttpConfig};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A receiver that runs until it is stopped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) state: Arc<dyn Observe>,
    pub(crate) stop: CancellationToken,
    task: JoinHandle<Result<(), ReceiverError>>,
}

/// Starts a receiver with these options beside the address.
pub(crate) async fn start(options: &str, intake: Intake) -> Running {
    let config: HttpConfig =
        toml::from_str(&format!("listen = \"127.0.0.1:0\"\n{options}")).unwrap();
    assert_eq!(Http::check(&config), []);
    let context = BuildContext {
        name: Arc::from("in"),
        pipeline: Arc::from("p"),
        base: std::env::temp_dir(),
        instance: Arc::from("i"),
    };
    let Ok(Input::Receiver(mut receiver)) = Http::build(config, &context) else {
        panic!("no receiver")
    };
    let state = receiver.observe().unwrap();
    let stop = CancellationToken::new();
    let token = stop.clone();
    let task = tokio::spawn(async move { receiver.run(intake, token).await });
    let listening = observed(&*state, |seen| seen["listening"].is_string()).await;
    let address = listening["listening"].as_str().unwrap().parse().unwrap();
    Running { address, state, stop, task }
}

impl Running {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends one request on a connection of its own.
    pub(crate) async fn send(&self, request: impl AsRef<[u8]>) -> Answer {
        exchange(&mut self.connect().await, request.as_ref()).await
    }

    pub(crate) async fn until(&self, is_so: impl Fn(&Value) -> bool) -> Value {
        observed(&*self.state, is_so).await
    }

    /// Waits for the end of the run, ten seconds at most.
    pub(crate) async fn ended(self) {
        tokio::time::timeout(Duration::from_secs(10), self.task).await.unwrap().unwrap().unwrap();
    }
}

/// A POST with headers (`"a: b\r\n"`) and a body.
pub(crate) fn post(path: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let mut request =
        format!("POST {path} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n")
            .into_bytes();
    request.extend_from_slice(body);
    request
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
}

/// Sends a request and reads its answer.
pub(crate) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    request: &[u8],
) -> Answer {
    // A server may answer and close before it has read everything.
    let _ = stream.write_all(request).await;
    let _ = stream.flush().await;
    answer(stream).await
}

/// Reads one answer.
pub(crate) async fn answer<S: AsyncRead + Unpin>(stream: &mut S) -> Answer {
    let reading = async {
        let mut bytes = Vec::new();
        loop {
            if let Some(answer) = parse(&bytes) {
                return answer;
            }
            let read = stream.read_buf(&mut bytes).await.unwrap();
            assert!(read > 0, "closed after {:?}", String::from_utf8_lossy(&bytes));
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reading).await.expect("no answer")
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let head = head.to_ascii_lowercase();
    let length: usize =
        head.split("content-length: ").nth(1)?.split("\r\n").next()?.parse().ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    (body.len() >= length).then(|| Answer {
        status,
        body: serde_json::from_str(body).unwrap_or_default(),
        head,
    })
}

/// Whether the other side closes the connection, within ten seconds.
pub(crate) async fn is_closed<S: AsyncRead + Unpin>(stream: &mut S) -> bool {
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await.is_ok()
}
