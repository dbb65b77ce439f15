//! How the sink introduces itself.

use forebay_core::Sink;
use forebay_core::component::{BuildContext, Claim, Component, Problem, SinkComponent};

use crate::options::KafkaSinkOptions;
use crate::plan::Plan;
use crate::sink::KafkaSink;

/// The sink `kafka`.
#[derive(Debug)]
pub struct Kafka;

impl Component for Kafka {
    type Config = KafkaSinkOptions;

    const TYPE: &'static str = "kafka";

    fn check(config: &KafkaSinkOptions) -> Vec<Problem> {
        config.check()
    }

    fn claims(config: &KafkaSinkOptions) -> Vec<Claim> {
        let id = config.transactional_id.as_ref().filter(|_| config.exactly_once);
        let address = |id| {
            let brokers = config.connection.brokers.join(",");
            Claim::Address(format!("kafka://{brokers}/transactional-id/{id}"))
        };
        id.map(address).into_iter().collect()
    }
}

impl SinkComponent for Kafka {
    fn build(config: KafkaSinkOptions, context: &BuildContext) -> Result<Box<dyn Sink>, Problem> {
        if let Some(problem) = config.check().into_iter().next() {
            return Err(problem);
        }
        Ok(Box::new(KafkaSink::new(Plan::new(config, context)?)))
    }
}
