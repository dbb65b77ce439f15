//! A receiver that runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use forebay_core::component::{BuildContext, Component, Input, Observe, SourceComponent};
use forebay_core::journal::Intake;
use forebay_core::receiver::{Receiver, ReceiverError};
use forebay_core::testing::observed;
use forebay_flume_source::testing::Agent;
use forebay_flume_source::{Flume, FlumeConfig};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
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

/// A receiver with these options beside the address.
pub(crate) fn build(options: &str) -> Box<dyn Receiver> {
    let config: FlumeConfig =
        toml::from_str(&format!("listen = \"127.0.0.1:0\"\n{options}")).unwrap();
    assert_eq!(Flume::check(&config), []);
    let context = BuildContext {
        name: Arc::from("in"),
        pipeline: Arc::from("p"),
        base: std::env::temp_dir(),
        instance: Arc::from("i"),
    };
    match Flume::build(config, &context) {
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
    let seen = observed(&*state, |seen| seen["listening"].is_string()).await;
    let address = seen["listening"].as_str().unwrap().parse().unwrap();
    Running { address, state, stop, task }
}

impl Running {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    pub(crate) async fn agent(&self) -> Agent<TcpStream> {
        Agent::new(self.connect().await)
    }

    pub(crate) async fn until(&self, is_so: impl Fn(&Value) -> bool) -> Value {
        observed(&*self.state, is_so).await
    }

    /// Waits until the last error has this in it.
    pub(crate) async fn until_error(&self, text: &str) {
        self.until(|seen| seen["last_error"].as_str().is_some_and(|it| it.contains(text))).await;
    }

    /// Waits for the end of the run, ten seconds at most.
    pub(crate) async fn ended(self) -> Result<(), ReceiverError> {
        tokio::time::timeout(Duration::from_secs(10), self.task).await.unwrap().unwrap()
    }
}

/// Whether the other side closes the connection, within ten seconds.
pub(crate) async fn is_closed<S: AsyncRead + Unpin>(stream: &mut S) -> bool {
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await.is_ok()
}
