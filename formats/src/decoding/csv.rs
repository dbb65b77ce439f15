//! The options of CSV.

use forebay_core::component::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How CSV is written, as in [RFC 4180](https://www.rfc-editor.org/rfc/rfc4180) unless said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CsvOptions {
    /// The character between two fields, one of ASCII. Default `,`.
    pub delimiter: char,
    /// The character around a field that holds delimiters, one of ASCII. Default `"`.
    pub quote: char,
    /// The character that makes a quote within quotes plain, one of ASCII. Default none: such a
    /// quote is doubled.
    pub escape: Option<char>,
    /// Whether the first line of a file names the columns, so that they may stand in any order.
    /// It counts for files alone. Default true.
    pub header: bool,
    /// The field that means null; the empty text by default. A column of text that must not be
    /// null takes it as text.
    pub null: String,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { delimiter: ',', quote: '"', escape: None, header: true, null: String::new() }
    }
}

impl CsvOptions {
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let characters = [
            ("csv.delimiter", Some(self.delimiter)),
            ("csv.quote", Some(self.quote)),
            ("csv.escape", self.escape),
        ];
        for (path, character) in characters {
            let Some(character) = character else { continue };
            if !character.is_ascii() || matches!(character, '\n' | '\r' | '\0') {
                problems.push(Problem::at(
                    path,
                    format!("{character:?} cannot be used: it has to be one ASCII character other than a line end"),
                ));
            }
        }
        if self.delimiter == self.quote || self.escape == Some(self.delimiter) {
            problems.push(Problem::at(
                "csv.delimiter",
                "the delimiter has to differ from the quote and the escape",
            ));
        }
        problems
    }
}
