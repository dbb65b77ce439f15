//! How the connector introduces itself.

use forebay_core::component::{BuildContext, Component, Input, Problem, SourceComponent};

use crate::config::ExecConfig;
use crate::receiver::ExecReceiver;

/// The `exec` source.
#[derive(Debug)]
pub struct Exec;

impl Component for Exec {
    type Config = ExecConfig;

    const TYPE: &'static str = "exec";

    fn check(config: &ExecConfig) -> Vec<Problem> {
        config.problems()
    }
}

impl SourceComponent for Exec {
    fn build(mut config: ExecConfig, context: &BuildContext) -> Result<Input, Problem> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(problem);
        }
        config.decoding.load(&context.base)?;
        let receiver = ExecReceiver::new(config, context)?;
        Ok(Input::Receiver(Box::new(receiver)))
    }
}
