//! The receiver: one run from binding the address to the last answer.

use std::sync::Arc;

use async_trait::async_trait;
use forebay_clients::listener::Endpoint;
use forebay_core::component::{BuildContext, Observe, Problem};
use forebay_core::decode::Decode;
use forebay_core::journal::{Intake, schema};
use forebay_core::probe::Probed;
use forebay_core::receiver::{Receiver, ReceiverError};
use tokio_util::sync::CancellationToken;

use crate::config::HttpConfig;
use crate::server::serve;
use crate::service::Service;
use crate::state::State;

/// Takes records by HTTP POST.
pub(crate) struct HttpReceiver {
    config: Arc<HttpConfig>,
    endpoint: Endpoint,
    decoder: Arc<dyn Decode>,
    state: Arc<State>,
}

impl HttpReceiver {
    pub(crate) fn new(config: HttpConfig, context: &BuildContext) -> Result<Self, Problem> {
        let at = config.listen.parse().map_err(|error: String| Problem::at("listen", error))?;
        let decoder = config.decoding.decoder(&schema(), "value")?;
        let endpoint = Endpoint::new(at, config.tls.clone(), &context.base);
        Ok(Self { config: Arc::new(config), endpoint, decoder, state: Arc::default() })
    }
}

#[async_trait]
impl Receiver for HttpReceiver {
    fn decoder(&self) -> Arc<dyn Decode> {
        Arc::clone(&self.decoder)
    }

    async fn run(&mut self, intake: Intake, stop: CancellationToken) -> Result<(), ReceiverError> {
        let open = self.endpoint.open().await;
        let open = open.inspect_err(|error| self.state.traffic.set_error(error))?;
        self.state.traffic.set_listening(Some(open.local));
        tracing::info!(address = %open.local, "taking records by http");
        let service = Service::new(Arc::clone(&self.config), Arc::clone(&self.state), intake, stop);
        serve(open, Arc::new(service)).await;
        self.state.traffic.set_listening(None::<String>);
        Ok(())
    }

    async fn probe(&mut self) -> Probed {
        let mut probed = Probed::default();
        // Where it ended is its last step.
        let _ = self.endpoint.probe(&mut probed).await;
        probed
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(Arc::clone(&self.state) as Arc<dyn Observe>)
    }
}
