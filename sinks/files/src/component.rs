//! How the sink introduces itself.

use std::sync::Arc;

use forebay_core::Sink;
use forebay_core::clock::SystemClock;
use forebay_core::component::{BuildContext, Component, Problem, SinkComponent};

use crate::options::FilesOptions;
use crate::sink::FilesSink;
use crate::staging::Plan;

/// The sink `files`.
#[derive(Debug)]
pub struct Files;

impl Component for Files {
    type Config = FilesOptions;

    const TYPE: &'static str = "files";

    fn check(config: &FilesOptions) -> Vec<Problem> {
        config.check()
    }
}

impl SinkComponent for Files {
    fn build(config: FilesOptions, context: &BuildContext) -> Result<Box<dyn Sink>, Problem> {
        if let Some(problem) = config.check().into_iter().next() {
            return Err(problem);
        }
        let plan = Plan::new(&config, context)?;
        Ok(Box::new(FilesSink::new(plan, Arc::new(|file| Box::new(file)), SystemClock::shared())))
    }
}
