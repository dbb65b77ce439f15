//! The limits that every source has.

use forebay_core::component::Problem;
use forebay_core::units::ByteSize;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a source may yield. What is over a limit waits; nothing is dropped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Limits {
    /// The most records per second of the whole source. Above 0; absent = no limit.
    pub max_rate: Option<f64>,
    /// The most records per second of each split, such as a partition. Above 0; absent = no
    /// limit. `max_rate_per_partition` means the same.
    #[serde(alias = "max_rate_per_partition")]
    #[schemars(extend("x-aliases" = ["max_rate_per_partition"]))]
    pub max_rate_per_split: Option<f64>,
    /// The records per second that each split gets at least. Above 0; absent = none.
    pub min_rate_per_split: Option<f64>,
    /// The most bytes per second of the whole source. Above 0; absent = no limit.
    pub max_bytes_per_second: Option<ByteSize>,
    /// The most bytes per second of each split. Above 0; absent = no limit.
    pub max_bytes_per_second_per_split: Option<ByteSize>,
}

impl Limits {
    /// Finds limits under which nothing could flow, or that contradict each other.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let help = "leave it out for no limit";
        let zero = |key: &str| Problem::at(key, "must be above 0").help(help);
        let rates = [
            ("max_rate", self.max_rate),
            ("max_rate_per_split", self.max_rate_per_split),
            ("min_rate_per_split", self.min_rate_per_split),
        ];
        let sizes = [
            ("max_bytes_per_second", self.max_bytes_per_second),
            ("max_bytes_per_second_per_split", self.max_bytes_per_second_per_split),
        ];
        let rates = rates.into_iter().filter(|(_, rate)| rate.is_some_and(|rate| rate <= 0.0));
        let sizes = sizes.into_iter().filter(|(_, size)| *size == Some(ByteSize(0)));
        let mut problems: Vec<Problem> =
            rates.map(|(key, _)| key).chain(sizes.map(|(key, _)| key)).map(zero).collect();
        if let (Some(least), Some(most)) = (self.min_rate_per_split, self.max_rate_per_split)
            && least > most
        {
            let message = "is above `max_rate_per_split`, which can then never hold";
            problems.push(Problem::at("min_rate_per_split", message));
        }
        problems
    }
}
