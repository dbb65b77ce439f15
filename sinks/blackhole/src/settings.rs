//! The options.

use forebay_core::units::TimeSpan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Takes every row and keeps none; it counts them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// How long each batch takes, as if the destination were slow. Default `"0ms"`.
    #[serde(default = "no_time")]
    pub latency: TimeSpan,
}

fn no_time() -> TimeSpan {
    TimeSpan::from_millis(0)
}
