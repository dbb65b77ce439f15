//! The receiver: one run of all pollers.

use std::sync::Arc;

use async_trait::async_trait;
use forebay_clients::address::HostPort;
use forebay_core::component::{Observe, Problem};
use forebay_core::decode::Decode;
use forebay_core::journal::Intake;
use forebay_core::probe::Probed;
use forebay_core::receiver::{Receiver, ReceiverError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::decoder::EventDecoder;
use crate::delivery::Delivery;
use crate::large::Largest;

use super::config::FlumePullConfig;
use super::poller::Poller;
use super::probe::probe;
use super::state::PullState;

/// Polls the Spark sinks within agents.
pub(crate) struct PullReceiver {
    config: FlumePullConfig,
    addresses: Vec<HostPort>,
    decoder: Arc<dyn Decode>,
    state: Arc<PullState>,
}

impl PullReceiver {
    pub(crate) fn new(config: &FlumePullConfig) -> Result<Self, Problem> {
        let addresses = (0..).zip(&config.addresses).map(|(index, text): (usize, _)| {
            text.parse().map_err(|error: String| Problem::at(&format!("addresses.{index}"), error))
        });
        Ok(Self {
            addresses: addresses.collect::<Result<_, _>>()?,
            decoder: EventDecoder::shared(&config.decoding)?,
            config: config.clone(),
            state: Arc::default(),
        })
    }
}

#[async_trait]
impl Receiver for PullReceiver {
    fn decoder(&self) -> Arc<dyn Decode> {
        Arc::clone(&self.decoder)
    }

    async fn run(&mut self, intake: Intake, stop: CancellationToken) -> Result<(), ReceiverError> {
        let mut pollers = JoinSet::new();
        for address in &self.addresses {
            for _ in 0..self.config.connections {
                let poller = Poller {
                    address: address.clone(),
                    events: self.config.batch,
                    max_frame: usize::try_from(self.config.max_frame.0).unwrap_or(usize::MAX),
                    sink_timeout: self.config.sink_timeout.0,
                    state: Arc::clone(&self.state),
                    delivery: Delivery {
                        intake: intake.clone(),
                        state: Arc::clone(&self.state.shared),
                        stop: stop.clone(),
                        peer: Arc::from(address.to_string()),
                        patience: self.config.sink_timeout.0 / 2,
                        largest: Largest::new(self.config.max_event, self.config.large_events),
                    },
                };
                pollers.spawn(poller.run());
            }
        }
        while let Some(ended) = pollers.join_next().await {
            if let Err(error) = ended {
                return Err(ReceiverError::Transient(format!("a poller ended badly: {error}")));
            }
        }
        Ok(())
    }

    async fn probe(&mut self) -> Probed {
        let mut probed = Probed::default();
        // Where it ended is its last step.
        let _ = probe(&self.addresses, &mut probed).await;
        probed
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(Arc::clone(&self.state) as Arc<dyn Observe>)
    }
}
