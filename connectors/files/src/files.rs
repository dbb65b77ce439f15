//! The component.

use forebay_core::clock::SystemClock;
use forebay_core::component::{BuildContext, Claim, Component, Input, Problem, SourceComponent};

use crate::config::{After, FilesConfig};
use crate::source::FilesSource;

/// Reads every new file of a folder once: `type = "files"`.
#[derive(Debug)]
pub struct Files;

impl Component for Files {
    type Config = FilesConfig;

    const TYPE: &'static str = "files";

    fn check(config: &FilesConfig) -> Vec<Problem> {
        config.problems()
    }

    fn claims(config: &FilesConfig) -> Vec<Claim> {
        match config.after {
            After::Keep => Vec::new(),
            // Two that take files out of one folder would take them from each other.
            After::Delete | After::Move => vec![Claim::Path(config.path.clone())],
        }
    }
}

impl SourceComponent for Files {
    fn build(mut config: FilesConfig, context: &BuildContext) -> Result<Input, Problem> {
        config.path = context.path(&config.path);
        config.move_to = config.move_to.map(|folder| context.path(&folder));
        config.decoding.load(&context.base)?;
        let source = FilesSource::new(config, context.name.clone(), SystemClock::shared())?;
        Ok(Input::Source(Box::new(source)))
    }
}
