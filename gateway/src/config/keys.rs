//! The keys that all components of a kind have.

use forebay_core::flow::Limits;
use forebay_core::journal::JournalSettings;
use forebay_core::retry::RetryPolicy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The keys that every source has besides its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourceKeys {
    /// How much it may yield.
    #[serde(flatten)]
    pub limits: Limits,
}

/// The keys that every receiver has besides its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiverKeys {
    /// How much it may yield.
    #[serde(flatten)]
    pub limits: Limits,
    /// Where its records wait until they are in the sinks.
    #[serde(default)]
    pub journal: JournalSettings,
}

/// The keys that every sink has besides its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SinkKeys {
    /// How failed rows and batches are tried again.
    #[serde(default)]
    pub retry: RetryPolicy,
}
