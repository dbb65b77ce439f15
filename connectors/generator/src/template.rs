//! Ready-made columns.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::field::{Field, FieldType};
use crate::maker::{Column, Maker};

/// Ready-made columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Template {
    /// Orders at an exchange: `id bigint, ts timestamp, customer text, symbol text, quantity int,
    /// price double, side text`.
    #[default]
    Orders,
    /// Lines of words to count: `line text`.
    Lines,
    /// Readings of sensors, some of them null: `id bigint, ts timestamp, sensor text,
    /// temperature double, humidity double, battery int, charging boolean`.
    Sensors,
}

/// Each symbol with its usual price.
const SYMBOLS: [(&str, f64); 12] = [
    ("ACME", 48.2),
    ("BOLT", 12.75),
    ("CIRC", 231.4),
    ("DELV", 7.05),
    ("EAST", 95.6),
    ("FLUX", 154.3),
    ("GRID", 33.9),
    ("HALO", 410.0),
    ("IRIS", 61.15),
    ("JADE", 18.4),
    ("KELP", 3.85),
    ("LUMN", 122.1),
];

const WORDS: [&str; 32] = [
    "river", "water", "gate", "turbine", "stone", "light", "morning", "wind", "valley", "bridge",
    "the", "a", "and", "of", "to", "over", "under", "through", "before", "after", "runs", "falls",
    "rises", "waits", "turns", "holds", "carries", "slow", "deep", "clear", "cold", "bright",
];

impl Template {
    pub(crate) fn columns(self) -> Vec<Column> {
        match self {
            Self::Orders => orders(),
            Self::Lines => vec![Column::new("line", Maker::Sentence { words: &WORDS })],
            Self::Sensors => sensors(),
        }
    }
}

fn orders() -> Vec<Column> {
    vec![
        Column::new("id", Maker::Sequence),
        Column::new("ts", Maker::Time),
        Column::new("customer", Maker::numbered("c", 100_000)),
        Column::new(
            "symbol",
            Maker::Choice(SYMBOLS.iter().map(|(name, _)| (*name).into()).collect()),
        ),
        Column::new("quantity", Maker::Int { min: 1, max: 1000 }),
        Column::new(
            "price",
            Maker::Price { of: "symbol", usual: SYMBOLS.iter().map(|(_, price)| *price).collect() },
        ),
        Column::new("side", Maker::Choice(vec!["B".into(), "S".into()])),
    ]
}

fn sensors() -> Vec<Column> {
    vec![
        Column::new("id", Maker::Sequence),
        Column::new("ts", Maker::Time),
        Column::new("sensor", Maker::numbered("sensor-", 1000)),
        Column::new("temperature", Maker::Double { min: -20.0, max: 45.0, decimals: 1 }),
        Column::new("humidity", Maker::Double { min: 0.0, max: 100.0, decimals: 1 }).nulls(0.01),
        Column::new("battery", Maker::Int { min: 0, max: 100 }),
        Column::new("charging", Maker::Boolean),
    ]
}

/// The columns of one's own.
pub(crate) fn columns(fields: &[Field]) -> Vec<Column> {
    fields.iter().map(|field| Column::new(&field.name, maker(field)).nulls(field.nulls)).collect()
}

fn maker(field: &Field) -> Maker {
    let (min, max) = (field.min as i64, field.max as i64);
    match field.kind {
        FieldType::Sequence => Maker::Sequence,
        FieldType::Timestamp => Maker::Time,
        FieldType::Bigint => Maker::Bigint { min, max },
        FieldType::Int => Maker::Int {
            min: i32::try_from(min).unwrap_or(i32::MIN),
            max: i32::try_from(max).unwrap_or(i32::MAX),
        },
        FieldType::Double => {
            Maker::Double { min: field.min, max: field.max, decimals: field.decimals }
        }
        FieldType::Boolean => Maker::Boolean,
        FieldType::Text => text(field),
    }
}

fn text(field: &Field) -> Maker {
    if !field.values.is_empty() {
        return Maker::Choice(field.values.iter().map(|value| value.as_str().into()).collect());
    }
    if let Some(length) = field.length {
        return Maker::Letters { length };
    }
    let prefix = field.prefix.clone().unwrap_or_else(|| format!("{}-", field.name));
    Maker::numbered(&prefix, field.distinct.unwrap_or(1000))
}
