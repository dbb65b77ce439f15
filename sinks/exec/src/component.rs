//! How the sink introduces itself.

use forebay_core::Sink;
use forebay_core::component::{BuildContext, Component, Problem, SinkComponent};

use crate::config::ExecConfig;
use crate::sink::ExecSink;

/// The `exec` sink.
#[derive(Debug)]
pub struct Exec;

impl Component for Exec {
    type Config = ExecConfig;

    const TYPE: &'static str = "exec";

    fn check(config: &ExecConfig) -> Vec<Problem> {
        config.problems()
    }
}

impl SinkComponent for Exec {
    fn build(mut config: ExecConfig, context: &BuildContext) -> Result<Box<dyn Sink>, Problem> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(problem);
        }
        config.program = config.program.resolved(context);
        Ok(Box::new(ExecSink::new(config, context.name.clone())))
    }
}
