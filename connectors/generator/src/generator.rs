//! The component.

use forebay_core::clock::SystemClock;
use forebay_core::component::{BuildContext, Component, Input, Problem, SourceComponent};

use crate::config::GeneratorConfig;
use crate::source::GeneratorSource;

/// Makes records up: `type = "generator"`.
#[derive(Debug)]
pub struct Generator;

impl Component for Generator {
    type Config = GeneratorConfig;

    const TYPE: &'static str = "generator";

    fn check(config: &GeneratorConfig) -> Vec<Problem> {
        config.problems()
    }
}

impl SourceComponent for Generator {
    fn build(mut config: GeneratorConfig, context: &BuildContext) -> Result<Input, Problem> {
        config.decoding.load(&context.base)?;
        let source = GeneratorSource::new(&config, context.name.clone(), SystemClock::shared())?;
        Ok(Input::Source(Box::new(source)))
    }
}
