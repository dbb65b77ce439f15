//! The component.

use forebay_core::clock::SystemClock;
use forebay_core::component::{BuildContext, Component, Input, Problem, SourceComponent};

use crate::config::TailConfig;
use crate::source::TailSource;

/// Follows files that grow: `type = "tail"`.
#[derive(Debug)]
pub struct Tail;

impl Component for Tail {
    type Config = TailConfig;

    const TYPE: &'static str = "tail";

    fn check(config: &TailConfig) -> Vec<Problem> {
        config.problems()
    }
}

impl SourceComponent for Tail {
    fn build(mut config: TailConfig, context: &BuildContext) -> Result<Input, Problem> {
        for path in &mut config.paths {
            *path = context.path(path);
        }
        config.decoding.load(&context.base)?;
        let source = TailSource::new(config, context.name.clone(), SystemClock::shared())?;
        Ok(Input::Source(Box::new(source)))
    }
}
