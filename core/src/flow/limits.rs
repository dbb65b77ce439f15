//! The limits of a source, as they stand in a configuration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::component::Problem;
use crate::units::ByteSize;

/// How fast a source may be read. Limits hold from the very first record; what exceeds them
/// waits, nothing is dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Limits {
    /// Records per second over all splits. Above 0, fractions are fine; absent = no limit.
    pub max_rate: Option<f64>,
    /// Records per second of each split (Kafka partition, Kinesis shard, file). Above 0, fractions
    /// are fine; absent = no limit. May also be written `max_rate_per_partition`.
    #[serde(alias = "max_rate_per_partition")]
    #[schemars(extend("x-aliases" = ["max_rate_per_partition"]))]
    pub max_rate_per_split: Option<f64>,
    /// Records per second that each split gets before the rest is shared by backlog, if it has
    /// them. Above 0 and at most `max_rate_per_split`; absent = none. Floors that sum above the
    /// rate of the pipeline shrink in proportion.
    pub min_rate_per_split: Option<f64>,
    /// Bytes of raw records per second over all splits, such as `"10MiB"`. Above 0; absent = no
    /// limit.
    pub max_bytes_per_second: Option<ByteSize>,
    /// Bytes of raw records per second of each split, such as `"1MiB"`. Above 0; absent = no
    /// limit.
    pub max_bytes_per_second_per_split: Option<ByteSize>,
}

impl Limits {
    /// Finds what is out of range or contradicts another limit.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let rates = [
            ("max_rate", self.max_rate),
            ("max_rate_per_split", self.max_rate_per_split),
            ("min_rate_per_split", self.min_rate_per_split),
        ];
        for (key, rate) in rates {
            if let Some(rate) = rate
                && !(rate.is_finite() && rate > 0.0)
            {
                let message = format!("{rate} records per second is out of range");
                problems.push(Problem::at(key, message).help(ABOVE_ZERO));
            }
        }
        let sizes = [
            ("max_bytes_per_second", self.max_bytes_per_second),
            ("max_bytes_per_second_per_split", self.max_bytes_per_second_per_split),
        ];
        for (key, _) in sizes.into_iter().filter(|(_, size)| *size == Some(ByteSize(0))) {
            problems.push(Problem::at(key, "nothing would ever pass").help(ABOVE_ZERO));
        }
        for (key, most) in
            [("max_rate_per_split", self.max_rate_per_split), ("max_rate", self.max_rate)]
        {
            if let (Some(least), Some(most)) = (self.min_rate_per_split, most)
                && least > most
            {
                let message = format!("{least} records per second is above `{key}`, {most}");
                let help = format!("lower it to at most `{key}`");
                problems.push(Problem::at("min_rate_per_split", message).help(help));
                break;
            }
        }
        problems
    }
}

const ABOVE_ZERO: &str = "write a value above 0, or leave it out for no limit";

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(json: &str) -> Limits {
        serde_json::from_str(json).expect("limits")
    }

    #[test]
    fn what_is_in_range_and_agrees_is_no_problem() {
        for json in [
            "{}",
            r#"{"max_rate": 0.5}"#,
            r#"{"max_rate_per_split": 100, "min_rate_per_split": 100, "max_rate": 1000}"#,
            r#"{"max_bytes_per_second": "10MiB", "max_bytes_per_second_per_split": "1B"}"#,
        ] {
            assert_eq!(limits(json).check(), [], "{json}");
        }
    }

    #[test]
    fn spark_users_find_their_word() {
        assert_eq!(limits(r#"{"max_rate_per_partition": 5000}"#).max_rate_per_split, Some(5000.0));
    }

    #[test]
    fn everything_that_is_wrong_is_found_at_once() {
        let wrong = Limits {
            max_rate: Some(f64::NAN),
            max_rate_per_split: Some(0.0),
            min_rate_per_split: Some(5.0),
            max_bytes_per_second: Some(ByteSize(0)),
            max_bytes_per_second_per_split: Some(ByteSize(0)),
        };
        let found: Vec<String> =
            wrong.check().into_iter().map(|problem| problem.path.join(".")).collect();
        assert_eq!(
            found,
            [
                "max_rate",
                "max_rate_per_split",
                "max_bytes_per_second",
                "max_bytes_per_second_per_split",
                "min_rate_per_split",
            ]
        );
        for rate in [-1.0, f64::INFINITY] {
            let wrong = Limits { max_rate: Some(rate), ..Limits::default() };
            assert_eq!(wrong.check().len(), 1, "{rate}");
        }
        assert_eq!(limits(r#"{"min_rate_per_split": 10, "max_rate": 5}"#).check().len(), 1);
    }
}
