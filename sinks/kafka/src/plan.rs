//! What an instance was built with.

use std::path::PathBuf;
use std::sync::Arc;

use forebay_core::component::{BuildContext, Problem};

use crate::choices::TopicErrors;
use crate::failure::Failure;
use crate::options::KafkaSinkOptions;
use crate::shape::Shape;

/// What an instance was built with.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) options: KafkaSinkOptions,
    pub(crate) shape: Shape,
    pub(crate) name: Arc<str>,
    pub(crate) base: PathBuf,
    /// For `exactly_once`: the transactional id, which also names the group of the mark.
    pub(crate) transactional_id: Option<String>,
    topic_errors: TopicErrors,
}

impl Plan {
    pub(crate) fn new(options: KafkaSinkOptions, context: &BuildContext) -> Result<Self, Problem> {
        let shape = Shape::of(&options).map_err(|error| Problem::at("", error))?;
        let usual = || format!("forebay-{}-{}", context.pipeline, context.name);
        let id = options.transactional_id.clone().unwrap_or_else(usual);
        Ok(Self {
            shape,
            name: Arc::clone(&context.name),
            base: context.base.clone(),
            transactional_id: options.exactly_once.then_some(id),
            topic_errors: options.topic_errors(),
            options,
        })
    }

    /// Whether trying again is no use.
    pub(crate) fn is_hopeless(&self, failure: Failure) -> bool {
        match failure {
            Failure::NoPartition | Failure::BadTopic => true,
            Failure::NoTopic | Failure::Forbidden => self.topic_errors == TopicErrors::DeadLetter,
            Failure::Refused | Failure::Neighbour | Failure::Passing => false,
        }
    }
}
