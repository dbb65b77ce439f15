//! The receiver: one run from binding the address to the last answer.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use forebay_clients::address::HostPort;
use forebay_clients::probe::may_listen;
use forebay_core::component::{BuildContext, Observe, Problem};
use forebay_core::decode::Decode;
use forebay_core::journal::{Intake, schema};
use forebay_core::probe::{Obstacle, Probed};
use forebay_core::receiver::{Receiver, ReceiverError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::HttpConfig;
use crate::server::serve;
use crate::service::Service;
use crate::state::State;

/// Takes records by HTTP POST.
pub(crate) struct HttpReceiver {
    config: Arc<HttpConfig>,
    address: HostPort,
    base: PathBuf,
    decoder: Arc<dyn Decode>,
    state: Arc<State>,
    /// Whether it has listened before: then certificates that cannot be read may be half-renewed.
    has_run: bool,
}

impl HttpReceiver {
    pub(crate) fn new(config: HttpConfig, context: &BuildContext) -> Result<Self, Problem> {
        let address =
            config.listen.parse().map_err(|error: String| Problem::at("listen", error))?;
        let decoder = config.decoding.decoder(&schema(), "value")?;
        Ok(Self {
            config: Arc::new(config),
            address,
            base: context.base.clone(),
            decoder,
            state: Arc::default(),
            has_run: false,
        })
    }

    async fn listen(&self) -> Result<TcpListener, ReceiverError> {
        let (host, port) = (self.address.host.as_str(), self.address.port);
        TcpListener::bind((host, port)).await.map_err(|error| {
            let text = format!("cannot listen on {}: {error}", self.address);
            match error.kind() {
                io::ErrorKind::PermissionDenied => ReceiverError::Fatal(text),
                _ => ReceiverError::Transient(text),
            }
        })
    }
}

#[async_trait]
impl Receiver for HttpReceiver {
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
        tracing::info!(address = address.map(tracing::field::display), "taking records by http");
        let service = Service::new(Arc::clone(&self.config), Arc::clone(&self.state), intake, stop);
        serve(listener, tls, Arc::new(service)).await;
        self.state.traffic.set_listening(None::<String>);
        Ok(())
    }

    async fn probe(&mut self) -> Probed {
        let mut probed = Probed::default();
        if let Some(tls) = &self.config.tls {
            let loaded =
                tls.acceptor(&self.base).map(|_| "the certificate and its key fit".to_owned());
            let help = "mend the paths of the certificate and its key";
            if probed.step("tls", loaded.map_err(|error| Obstacle::new(error, help))).is_err() {
                return probed;
            }
        }
        // It is the last step.
        let _ = may_listen(&mut probed, &self.address).await;
        probed
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(Arc::clone(&self.state) as Arc<dyn Observe>)
    }
}
