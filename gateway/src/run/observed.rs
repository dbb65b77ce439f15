//! One component of a running pipeline, as it can be looked at.

use std::fmt;
use std::sync::Arc;

use forebay_core::component::Observe;
use serde::Serialize;

/// One component of a running pipeline, as it can be looked at.
#[derive(Clone)]
pub struct Observed {
    /// The pipeline.
    pub pipeline: Arc<str>,
    /// What it does there.
    pub role: Role,
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// The word for its `type`.
    pub type_name: &'static str,
    /// Its state; `None` if it shows none.
    pub state: Option<Arc<dyn Observe>>,
}

/// What a component does in a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Records come from it.
    Source,
    /// Rows go to it.
    Sink,
    /// Dead letters go to it.
    DeadLetters,
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed")
            .field("pipeline", &self.pipeline)
            .field("role", &self.role)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
