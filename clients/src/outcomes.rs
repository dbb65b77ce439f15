//! What a destination answers row by row, in a form that any program can write.
//!
//! An answer is a JSON object whose `errors` names the rows that were not written, by their place
//! in what was sent, from 0:
//!
//! ```json
//! {"errors": [{"row": 3, "reason": "no such customer"}, {"row": 7, "retry": true}]}
//! ```
//!
//! All other rows were written. A row with `"retry": true` is sent again, the others become dead
//! letters with their `reason`.

use std::collections::BTreeMap;

use forebay_core::dead_letter::Reason;
use forebay_core::sink::Verdict;
use serde::Deserialize;

/// How much of a reason is kept, in bytes.
const LONGEST: usize = 1024;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    errors: Vec<RowError>,
}

#[derive(Deserialize)]
struct RowError {
    row: usize,
    #[serde(default)]
    retry: bool,
    #[serde(default)]
    reason: String,
}

/// The rows that were not written, by their place, and what becomes of each. `rows` is how many
/// were sent.
///
/// # Errors
/// The answer is not of this form, or names a row that was not sent: then nothing is known of any.
pub fn outcomes(answer: &[u8], rows: usize) -> Result<BTreeMap<usize, (Verdict, Reason)>, String> {
    let answer: Answer = serde_json::from_slice(answer)
        .map_err(|error| format!("the answer does not say what became of the rows: {error}"))?;
    let mut outcomes = BTreeMap::new();
    for RowError { row, retry, reason } in answer.errors {
        if row >= rows {
            return Err(format!(
                "the answer names row {row}, and {rows} were sent, counted from 0"
            ));
        }
        let verdict = if retry { Verdict::Retry } else { Verdict::DeadLetter };
        let text = match reason.is_empty() {
            true => "the destination refuses the row and does not say why".to_owned(),
            false => shortened(reason),
        };
        outcomes.insert(row, (verdict, Reason::new("refused", text)));
    }
    Ok(outcomes)
}

/// The beginning of a text.
#[must_use]
pub fn shortened(mut text: String) -> String {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_and_the_rest_is_written() {
        let answer =
            br#"{"took": 3, "errors": [{"row": 1, "reason": "no"}, {"row": 0, "retry": true}]}"#;
        let found = outcomes(answer, 2).unwrap();
        assert_eq!(found[&1], (Verdict::DeadLetter, Reason::new("refused", "no")));
        assert_eq!(found[&0].0, Verdict::Retry);
        assert!(outcomes(b"{}", 2).unwrap().is_empty());
    }

    #[test]
    fn what_says_nothing_is_an_error() {
        for answer in [&b""[..], b"ok", b"[]x", br#"{"errors": [{"row": 2}]}"#, br#"{"errors": 1}"#]
        {
            assert!(outcomes(answer, 2).is_err(), "{}", String::from_utf8_lossy(answer));
        }
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let answer = format!(r#"{{"errors": [{{"row": 0, "reason": "{}"}}]}}"#, "ü".repeat(5000));
        let found = outcomes(answer.as_bytes(), 1).unwrap();
        assert!(found[&0].1.text.len() <= LONGEST + 3);
    }
}
