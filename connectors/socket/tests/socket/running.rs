//! A receiver that runs.

use std::sync::Arc;
use std::time::Duration;

use forebay_core::component::{BuildContext, Component, Input, Observe, SourceComponent};
use forebay_core::journal::Intake;
use forebay_core::receiver::{Receiver, ReceiverError};
use forebay_core::testing::observed;
use forebay_socket_source::{Socket, SocketConfig};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A receiver that runs until it is stopped.
pub(crate) struct Running {
    /// Where it listens, without `tcp://` and the like; empty if it connects.
    pub(crate) address: String,
    pub(crate) state: Arc<dyn Observe>,
    pub(crate) stop: CancellationToken,
    task: JoinHandle<Result<(), ReceiverError>>,
}

pub(crate) fn build(options: &str) -> Box<dyn Receiver> {
    let config: SocketConfig = toml::from_str(options).unwrap();
    assert_eq!(Socket::check(&config), []);
    let context = BuildContext {
        name: Arc::from("in"),
        pipeline: Arc::from("p"),
        base: std::env::temp_dir(),
        instance: Arc::from("i"),
    };
    match Socket::build(config, &context) {
        Ok(Input::Receiver(receiver)) => receiver,
        _ => panic!("no receiver"),
    }
}

/// Starts a receiver, and waits until it listens.
pub(crate) async fn start(options: &str, intake: Intake) -> Running {
    let mut receiver = build(options);
    let state = receiver.observe().unwrap();
    let stop = CancellationToken::new();
    let token = stop.clone();
    let task = tokio::spawn(async move { receiver.run(intake, token).await });
    let mut address = String::new();
    if options.contains("listen = ") {
        let seen = observed(&*state, |seen| seen["listening"].is_string()).await;
        address = seen["listening"].as_str().unwrap().split_once("://").unwrap().1.to_owned();
    }
    Running { address, state, stop, task }
}

/// Starts a receiver that listens by TCP.
pub(crate) async fn start_tcp(options: &str, intake: Intake) -> Running {
    start(&format!("listen = \"tcp://127.0.0.1:0\"\n{options}"), intake).await
}

impl Running {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.unwrap()
    }

    pub(crate) async fn until(&self, is_so: impl Fn(&Value) -> bool) -> Value {
        observed(&*self.state, is_so).await
    }

    /// Waits for the end of the run, ten seconds at most.
    pub(crate) async fn ended(self) -> Result<(), ReceiverError> {
        tokio::time::timeout(Duration::from_secs(10), self.task).await.unwrap().unwrap()
    }
}

/// What the other side sends until it closes, within ten seconds.
pub(crate) async fn rest<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut rest = Vec::new();
    let reading = stream.read_to_end(&mut rest);
    let _ = tokio::time::timeout(Duration::from_secs(10), reading).await.expect("not closed");
    String::from_utf8(rest).unwrap()
}
