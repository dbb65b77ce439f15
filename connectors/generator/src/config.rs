//! The options.

use forebay_core::component::Problem;
use forebay_core::units::TimeSpan;
use forebay_formats::Decoding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::field::Field;
use crate::template::Template;

/// Makes records up: seeded, replayable, at a given rate.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GeneratorConfig {
    /// Number of splits, 1 to 1024. Default 4.
    #[serde(default = "default_splits")]
    pub splits: u32,
    /// Records per second over all splits, 1 to 1000000000. Default 1000. Event times advance at
    /// this rate also when `unlimited` is set.
    #[serde(default = "default_rows_per_second")]
    pub rows_per_second: u64,
    /// Makes records as fast as they are read, whatever the clock says. Default false.
    #[serde(default)]
    pub unlimited: bool,
    /// Time until the full rate is reached, in whole seconds. Default 0s. After `s` seconds of
    /// the ramp, `step * s * (s + 1) / 2` records have become due, where `step` is
    /// `rows_per_second / (ramp_up + 1)`, rounded down.
    #[serde(default = "default_ramp_up")]
    pub ramp_up: TimeSpan,
    /// Number of records over all splits, after which the splits end. Without it they never do.
    #[serde(default)]
    pub count: Option<u64>,
    /// Seed of all values. Default 42.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Share of all records that split 0 gets, 0 to 1, in steps of 0.001. The other splits share
    /// the rest evenly. Without it all are equal.
    #[serde(default)]
    pub skew: Option<f64>,
    /// Event time of the schedule's beginning, as RFC 3339. Default `2026-01-01T00:00:00Z`. A
    /// fixed time, and not the clock's, so that a replay yields the same records.
    #[serde(default = "default_start_time")]
    pub start_time: String,
    /// Ready-made columns. Default `orders`. Not together with `fields`.
    #[serde(default)]
    pub template: Option<Template>,
    /// Columns of your own, in order.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// What a record is. Default `columns`.
    #[serde(default, rename = "as")]
    pub form: Form,
    /// Part of the JSON records that is cut off in the middle, 0 to 1. Default 0.
    #[serde(default)]
    pub broken_ratio: f64,
    /// How JSON records are decoded.
    #[serde(flatten)]
    pub decoding: Decoding,
}

/// What a record is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Typed columns.
    #[default]
    Columns,
    /// JSON text in a column `value`, for `format` to decode, and the record's number in a
    /// column `offset`.
    Json,
}

impl Default for GeneratorConfig {
    fn default() -> Self {
        Self {
            splits: default_splits(),
            rows_per_second: default_rows_per_second(),
            unlimited: false,
            ramp_up: default_ramp_up(),
            count: None,
            seed: default_seed(),
            skew: None,
            start_time: default_start_time(),
            template: None,
            fields: Vec::new(),
            form: Form::Columns,
            broken_ratio: 0.0,
            decoding: Decoding::default(),
        }
    }
}

impl GeneratorConfig {
    /// The event time of the schedule's beginning, in microseconds since the Unix epoch.
    pub(crate) fn start_micros(&self) -> Result<i64, Problem> {
        let time: jiff::Timestamp = self.start_time.parse().map_err(|error| {
            Problem::at("start_time", format!("`{}` is no time: {error}", self.start_time))
                .help("write RFC 3339, such as \"2026-01-01T00:00:00Z\"")
        })?;
        Ok(time.as_microsecond())
    }

    /// Everything that is wrong.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !(1..=1024).contains(&self.splits) {
            problems.push(Problem::at("splits", "must be between 1 and 1024"));
        }
        self.check_rate(&mut problems);
        if self.count.is_some_and(|count| count > MAX_COUNT) {
            problems.push(Problem::at("count", format!("must be at most {MAX_COUNT}")));
        }
        if let Some(skew) = self.skew {
            if !(0.0..=1.0).contains(&skew) {
                problems.push(Problem::at("skew", "must be between 0 and 1"));
            }
            if self.splits < 2 {
                problems.push(Problem::at("skew", "needs at least two splits"));
            }
        }
        problems.extend(self.start_micros().err());
        if self.template.is_some() && !self.fields.is_empty() {
            problems.push(
                Problem::at("fields", "`template` and `fields` exclude each other")
                    .help("leave one of them out"),
            );
        }
        problems.extend(Field::problems(&self.fields));
        if !(0.0..=1.0).contains(&self.broken_ratio) {
            problems.push(Problem::at("broken_ratio", "must be between 0 and 1"));
        }
        if self.form == Form::Json {
            problems.extend(self.decoding.check());
        } else if self.decoding != Decoding::default() {
            problems.push(
                Problem::at("format", "typed columns are not decoded").help("set `as = \"json\"`"),
            );
        }
        if self.broken_ratio > 0.0 && self.form == Form::Columns {
            problems.push(
                Problem::at("broken_ratio", "typed columns cannot be broken")
                    .help("set `as = \"json\"`"),
            );
        }
        problems
    }

    fn check_rate(&self, problems: &mut Vec<Problem>) {
        if !(1..=MAX_RATE).contains(&self.rows_per_second) {
            problems.push(
                Problem::at("rows_per_second", format!("must be between 1 and {MAX_RATE}"))
                    .help("for as fast as possible set `unlimited = true`"),
            );
        }
        let ramp = self.ramp_up.0;
        if ramp.subsec_nanos() != 0 {
            problems.push(Problem::at("ramp_up", "must be whole seconds"));
        } else if ramp.as_secs() >= MAX_RAMP_SECONDS {
            problems.push(Problem::at("ramp_up", "must be shorter than a day"));
        } else if self.rows_per_second.max(1) <= ramp.as_secs() {
            problems.push(
                Problem::at(
                    "ramp_up",
                    "is too long for the rate: nothing would come until its end",
                )
                .help("keep it, in seconds, below `rows_per_second`"),
            );
        }
        if self.unlimited && !ramp.is_zero() {
            problems.push(Problem::at("ramp_up", "has no meaning when `unlimited` is set"));
        }
    }
}

const MAX_COUNT: u64 = 1_000_000_000_000_000;
const MAX_RATE: u64 = 1_000_000_000;
const MAX_RAMP_SECONDS: u64 = 86_400;

fn default_splits() -> u32 {
    4
}

fn default_rows_per_second() -> u64 {
    1000
}

fn default_ramp_up() -> TimeSpan {
    TimeSpan::from_secs(0)
}

fn default_seed() -> u64 {
    42
}

fn default_start_time() -> String {
    "2026-01-01T00:00:00Z".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(config: &GeneratorConfig) -> Vec<String> {
        config.problems().into_iter().map(|problem| problem.path.join(".")).collect()
    }

    #[test]
    fn the_defaults_are_right() {
        let parsed: GeneratorConfig = serde_json::from_str("{}").unwrap();
        assert_eq!(paths(&parsed), Vec::<String>::new());
        assert_eq!(
            serde_json::to_value(&parsed).unwrap(),
            serde_json::to_value(GeneratorConfig::default()).unwrap()
        );
    }

    #[test]
    fn every_mistake_is_named() {
        for (json, path) in [
            (r#"{"splits": 0}"#, "splits"),
            (r#"{"rows_per_second": 0}"#, "rows_per_second"),
            (r#"{"ramp_up": "500ms"}"#, "ramp_up"),
            (r#"{"ramp_up": "48h"}"#, "ramp_up"),
            (r#"{"rows_per_second": 10, "ramp_up": "10s"}"#, "ramp_up"),
            (r#"{"unlimited": true, "ramp_up": "1s"}"#, "ramp_up"),
            (r#"{"count": 1000000000000001}"#, "count"),
            (r#"{"skew": 1.5}"#, "skew"),
            (r#"{"skew": 0.5, "splits": 1}"#, "skew"),
            (r#"{"start_time": "yesterday"}"#, "start_time"),
            (r#"{"broken_ratio": 0.5}"#, "broken_ratio"),
            (r#"{"format": "json", "schema": {"id": "bigint"}}"#, "format"),
            (r#"{"format": "json", "as": "json"}"#, "schema"),
            (r#"{"broken_ratio": 2, "as": "json"}"#, "broken_ratio"),
            (r#"{"template": "lines", "fields": [{"name": "a", "type": "int"}]}"#, "fields"),
        ] {
            let config: GeneratorConfig = serde_json::from_str(json).unwrap();
            assert_eq!(paths(&config), vec![path.to_owned()], "{json}");
        }
    }
}
