//! A column of one's own.

use std::collections::BTreeSet;

use forebay_core::component::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A column: its name, its type, and hints at what its values look like.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Field {
    /// Name of the column.
    pub name: String,
    /// Type of the column.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// Smallest value of a number. Default 0.
    #[serde(default)]
    pub min: f64,
    /// Largest value of a number. Default 1000000.
    #[serde(default = "default_max")]
    pub max: f64,
    /// Digits after the point of a `double`, 0 to 9. Default 2.
    #[serde(default = "default_decimals")]
    pub decimals: u32,
    /// Texts to choose from.
    #[serde(default)]
    pub values: Vec<String>,
    /// What a numbered text begins with. Default: the name of the column and `-`.
    #[serde(default)]
    pub prefix: Option<String>,
    /// How many different numbered texts there are, 1 to 1000000000000. Default 1000.
    #[serde(default)]
    pub distinct: Option<u64>,
    /// Length of a text of random letters, 1 to 65536.
    #[serde(default)]
    pub length: Option<u32>,
    /// Part of the values that is null, 0 to 1. Default 0.
    #[serde(default)]
    pub nulls: f64,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// A number that no other record has.
    Sequence,
    /// The time at which the record is due by the schedule.
    Timestamp,
    /// A whole number of 64 bits, between `min` and `max`.
    Bigint,
    /// A whole number of 32 bits, between `min` and `max`.
    Int,
    /// A number with `decimals`, between `min` and `max`.
    Double,
    /// One of `values`, or `length` random letters, or `prefix` and a number below `distinct`.
    #[default]
    Text,
    /// True or false.
    Boolean,
}

impl Field {
    pub(crate) fn problems(fields: &[Self]) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        for (index, field) in fields.iter().enumerate() {
            let mut complain = |key: &str, message: String| {
                problems.push(Problem::at(&format!("fields.{index}.{key}"), message));
            };
            if field.name.is_empty() {
                complain("name", "must not be empty".to_owned());
            } else if !names.insert(&field.name) {
                complain("name", format!("`{}` is there twice", field.name));
            }
            if !(0.0..=1.0).contains(&field.nulls) {
                complain("nulls", "must be between 0 and 1".to_owned());
            }
            field.check_number(&mut complain);
            field.check_text(&mut complain);
        }
        problems
    }

    fn check_number(&self, complain: &mut impl FnMut(&str, String)) {
        let limit = match self.kind {
            FieldType::Int => f64::from(i32::MAX),
            FieldType::Bigint | FieldType::Double => 9_007_199_254_740_992.0,
            _ => return,
        };
        for (key, value) in [("min", self.min), ("max", self.max)] {
            if !(-limit..=limit).contains(&value) {
                complain(key, format!("must be between -{limit} and {limit}"));
            } else if self.kind != FieldType::Double && value.fract() != 0.0 {
                complain(key, "must be a whole number".to_owned());
            }
        }
        if self.min > self.max {
            complain("min", "must not be above `max`".to_owned());
        }
        if self.decimals > 9 {
            complain("decimals", "must be between 0 and 9".to_owned());
        }
    }

    fn check_text(&self, complain: &mut impl FnMut(&str, String)) {
        if self.kind != FieldType::Text {
            return;
        }
        let numbered = self.prefix.is_some() || self.distinct.is_some();
        let ways = [!self.values.is_empty(), self.length.is_some(), numbered];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            complain(
                "type",
                "`values`, `length`, and `prefix` with `distinct` exclude each other".to_owned(),
            );
        }
        if self.length.is_some_and(|length| !(1..=65_536).contains(&length)) {
            complain("length", "must be between 1 and 65536".to_owned());
        }
        if self.distinct.is_some_and(|distinct| !(1..=MAX_DISTINCT).contains(&distinct)) {
            complain("distinct", format!("must be between 1 and {MAX_DISTINCT}"));
        }
    }
}

const MAX_DISTINCT: u64 = 1_000_000_000_000;

fn default_max() -> f64 {
    1_000_000.0
}

fn default_decimals() -> u32 {
    2
}

#[cfg(test)]
mod tests {
    use super::Field;

    #[test]
    fn every_mistake_is_named() {
        for (json, path) in [
            (r#"[{"name": "", "type": "int"}]"#, "fields.0.name"),
            (r#"[{"name": "a", "type": "int"}, {"name": "a", "type": "int"}]"#, "fields.1.name"),
            (r#"[{"name": "a", "type": "int", "nulls": -1}]"#, "fields.0.nulls"),
            (r#"[{"name": "a", "type": "int", "max": 3000000000}]"#, "fields.0.max"),
            (r#"[{"name": "a", "type": "bigint", "min": 0.5}]"#, "fields.0.min"),
            (r#"[{"name": "a", "type": "double", "min": 2, "max": 1}]"#, "fields.0.min"),
            (r#"[{"name": "a", "type": "double", "decimals": 10}]"#, "fields.0.decimals"),
            (r#"[{"name": "a", "type": "text", "length": 3, "values": ["x"]}]"#, "fields.0.type"),
            (r#"[{"name": "a", "type": "text", "length": 0}]"#, "fields.0.length"),
            (r#"[{"name": "a", "type": "text", "distinct": 0}]"#, "fields.0.distinct"),
        ] {
            let fields: Vec<Field> = serde_json::from_str(json).unwrap();
            let found: Vec<_> = Field::problems(&fields)
                .into_iter()
                .map(|problem| problem.path.join("."))
                .collect();
            assert_eq!(found, [path], "{json}");
        }
    }
}
