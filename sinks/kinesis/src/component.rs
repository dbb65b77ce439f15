//! How the sink introduces itself.

use forebay_core::Sink;
use forebay_core::component::{BuildContext, Component, Problem, SinkComponent};

use crate::options::KinesisSinkOptions;
use crate::sink::KinesisSink;

/// The sink `kinesis`.
#[derive(Debug)]
pub struct Kinesis;

impl Component for Kinesis {
    type Config = KinesisSinkOptions;

    const TYPE: &'static str = "kinesis";

    fn check(config: &KinesisSinkOptions) -> Vec<Problem> {
        config.check()
    }
}

impl SinkComponent for Kinesis {
    fn build(config: KinesisSinkOptions, _: &BuildContext) -> Result<Box<dyn Sink>, Problem> {
        if let Some(problem) = config.check().into_iter().next() {
            return Err(problem);
        }
        Ok(Box::new(KinesisSink::new(config)?))
    }
}
