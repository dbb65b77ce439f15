//! The receiver: one run from binding the address to the last answer.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use forebay_clients::address::HostPort;
use forebay_core::budget::Budget;
use forebay_core::component::{BuildContext, Observe, Problem};
use forebay_core::decode::Decode;
use forebay_core::journal::Intake;
use forebay_core::receiver::{Receiver, ReceiverError};
use rustix::net::sockopt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::decoder::EventDecoder;
use crate::delivery::Delivery;
use crate::state::State;
use crate::transport::Layers;

use super::config::FlumeConfig;
use super::known::Known;
use super::server::Server;

/// Takes batches from agents.
pub(crate) struct FlumeReceiver {
    config: Arc<FlumeConfig>,
    address: HostPort,
    base: PathBuf,
    decoder: Arc<dyn Decode>,
    known: Arc<Known>,
    state: Arc<State>,
    /// Whether it has listened before: then certificates that cannot be read may be half-renewed.
    has_run: bool,
}

impl FlumeReceiver {
    pub(crate) fn new(config: FlumeConfig, context: &BuildContext) -> Result<Self, Problem> {
        let address =
            config.listen.parse().map_err(|error: String| Problem::at("listen", error))?;
        let decoder = EventDecoder::shared(&config.decoding)?;
        Ok(Self {
            config: Arc::new(config),
            address,
            base: context.base.clone(),
            decoder,
            known: Arc::default(),
            state: Arc::default(),
            has_run: false,
        })
    }

    async fn listen(&self) -> Result<TcpListener, ReceiverError> {
        let (host, port) = (self.address.host.as_str(), self.address.port);
        let listening = async {
            let listener = TcpListener::bind((host, port)).await?;
            // Connections inherit it: an agent that is gone without a word is noticed although it
            // never has to be sent anything.
            sockopt::set_socket_keepalive(&listener, true)?;
            Ok(listener)
        };
        listening.await.map_err(|error: io::Error| {
            let text = format!("cannot listen on {}: {error}", self.address);
            match error.kind() {
                io::ErrorKind::PermissionDenied => ReceiverError::Fatal(text),
                _ => ReceiverError::Transient(text),
            }
        })
    }
}

#[async_trait]
impl Receiver for FlumeReceiver {
    fn decoder(&self) -> Arc<dyn Decode> {
        Arc::clone(&self.decoder)
    }

    async fn run(&mut self, intake: Intake, stop: CancellationToken) -> Result<(), ReceiverError> {
        let tls = self.config.tls.as_ref().map(|tls| tls.acceptor(&self.base)).transpose();
        let tls = tls.map_err(|error| match self.has_run {
            false => ReceiverError::Fatal(error.to_string()),
            true => ReceiverError::Transient(error.to_string()),
        })?;
        let listener = self.listen().await?;
        self.has_run = true;
        let address = listener.local_addr().ok();
        self.state.traffic.set_listening(address);
        tracing::info!(address = address.map(tracing::field::display), "taking events of flume");
        let server = Server {
            config: Arc::clone(&self.config),
            layers: Layers { tls, compression: self.config.compression },
            known: Arc::clone(&self.known),
            budget: Budget::new(self.config.max_in_flight.0),
            delivery: Delivery {
                intake,
                state: Arc::clone(&self.state),
                stop,
                peer: Arc::from(""),
                patience: self.config.patience.0,
            },
        };
        Arc::new(server).serve(listener).await;
        self.state.traffic.set_listening(None::<String>);
        Ok(())
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(Arc::clone(&self.state) as Arc<dyn Observe>)
    }
}
