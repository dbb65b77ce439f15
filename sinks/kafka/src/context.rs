//! What librdkafka calls.

use std::error::Error;
use std::sync::Arc;

use forebay_clients::kafka::ClientEvents;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::statistics::Statistics;

/// What librdkafka calls: what a client tells about itself goes to its events, and a producer hands
/// the reports about its records to whoever waits for them.
pub(crate) struct Context<R = ()> {
    pub(crate) events: Arc<ClientEvents>,
    pub(crate) reports: R,
}

impl<R: Send + Sync + 'static> ClientContext for Context<R> {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        self.events.log(level, facility, text);
    }

    fn stats(&self, _: Statistics) {}

    fn error(&self, error: KafkaError, reason: &str) {
        self.events.error(error, reason);
    }

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        self.events.generate_oauth_token(config)
    }
}

impl ConsumerContext for Context {}
