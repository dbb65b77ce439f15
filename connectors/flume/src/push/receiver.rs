//! The receiver: one run from binding the address to the last answer.

use std::sync::Arc;

use async_trait::async_trait;
use forebay_clients::listener::{Endpoint, Open};
use forebay_core::budget::Budget;
use forebay_core::component::{BuildContext, Observe, Problem};
use forebay_core::decode::Decode;
use forebay_core::journal::Intake;
use forebay_core::probe::Probed;
use forebay_core::receiver::{Receiver, ReceiverError};
use tokio_util::sync::CancellationToken;

use crate::decoder::EventDecoder;
use crate::delivery::Delivery;
use crate::large::Largest;
use crate::state::State;
use crate::transport::Layers;

use super::config::FlumeConfig;
use super::known::Known;
use super::server::Server;

/// Takes batches from agents.
pub(crate) struct FlumeReceiver {
    config: Arc<FlumeConfig>,
    endpoint: Endpoint,
    decoder: Arc<dyn Decode>,
    known: Arc<Known>,
    state: Arc<State>,
}

impl FlumeReceiver {
    pub(crate) fn new(config: FlumeConfig, context: &BuildContext) -> Result<Self, Problem> {
        let at = config.listen.parse().map_err(|error: String| Problem::at("listen", error))?;
        let decoder = EventDecoder::shared(&config.decoding)?;
        let endpoint = Endpoint::new(at, config.tls.clone(), &context.base);
        Ok(Self {
            config: Arc::new(config),
            endpoint,
            decoder,
            known: Arc::default(),
            state: Arc::default(),
        })
    }
}

#[async_trait]
impl Receiver for FlumeReceiver {
    fn decoder(&self) -> Arc<dyn Decode> {
        Arc::clone(&self.decoder)
    }

    async fn run(&mut self, intake: Intake, stop: CancellationToken) -> Result<(), ReceiverError> {
        let open = self.endpoint.open().await;
        let Open { listener, tls, local } =
            open.inspect_err(|error| self.state.traffic.set_error(error))?;
        self.state.traffic.set_listening(Some(local));
        tracing::info!(address = %local, "taking events of flume");
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
                largest: Largest::new(self.config.max_event, self.config.large_events),
            },
        };
        Arc::new(server).serve(listener).await;
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
