//! A dead letter as a file of JSON lines has it.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// A dead letter, as [`forebay_core::dead_letter`] has it, read back from JSON.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Letter {
    /// The pipeline.
    pub pipeline: String,
    /// The batch in which it was refused.
    pub batch: u64,
    /// The source that it came from.
    #[serde(default)]
    pub source: Option<String>,
    /// Its split.
    #[serde(default)]
    pub split: Option<String>,
    /// Its position.
    #[serde(default)]
    pub position: Option<String>,
    /// The stage that refused it: `decode` or `write`.
    pub stage: String,
    /// The sink that refused it, if it was one.
    #[serde(default)]
    pub sink: Option<String>,
    /// The class of the reason.
    pub class: String,
    /// The reason.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was refused, as RFC 3339.
    pub time: String,
    /// The record's bytes, in hexadecimal digits.
    #[serde(deserialize_with = "hexadecimal")]
    pub bytes: Vec<u8>,
    /// What else its source said of it, as a JSON object; letters of earlier versions have none.
    #[serde(default)]
    pub columns: Option<String>,
}

fn hexadecimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(pair).collect();
    bytes.ok_or_else(|| D::Error::custom("`bytes` are no pairs of hexadecimal digits"))
}
