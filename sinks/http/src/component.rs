//! How the sink introduces itself.

use forebay_core::Sink;
use forebay_core::component::{BuildContext, Component, Problem, SinkComponent};

use crate::config::HttpConfig;
use crate::sink::HttpSink;

/// The `http` sink.
#[derive(Debug)]
pub struct Http;

impl Component for Http {
    type Config = HttpConfig;

    const TYPE: &'static str = "http";

    fn check(config: &HttpConfig) -> Vec<Problem> {
        config.problems()
    }
}

impl SinkComponent for Http {
    fn build(mut config: HttpConfig, context: &BuildContext) -> Result<Box<dyn Sink>, Problem> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(problem);
        }
        config.ca_file = config.ca_file.map(|file| context.path(&file));
        Ok(Box::new(HttpSink::new(config)?))
    }
}
