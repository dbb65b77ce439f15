//! Texts and numbers against a schema.

use forebay_core::units::{ByteSize, TimeSpan};
use regex::Regex;
use serde_json::{Number, Value as Json};

use super::tree::{Node, Text};
use super::walk::{Walk, whole};
use crate::schema::{Shape, nearest};

impl Walk<'_> {
    pub(super) fn text(&mut self, node: &Node, text: &Text, shape: &Shape) -> Option<Json> {
        let found = if shape.words.is_empty() {
            misfit(&text.text, shape).map(|message| ("format", message, None))
        } else {
            let words: Vec<&str> = shape.words.iter().map(|(word, _)| word.as_str()).collect();
            self.unknown_word(&text.text, &words)
        };
        match found {
            Some((code, message, help)) => {
                self.add(code, node.place, message, help);
                None
            }
            None => Some(Json::String(text.text.clone())),
        }
    }

    /// What is wrong with a text that has to be one of `words`.
    pub(super) fn unknown_word(
        &self,
        text: &str,
        words: &[&str],
    ) -> Option<(&'static str, String, Option<String>)> {
        if words.contains(&text) {
            return None;
        }
        let listed = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let message = format!("`{text}` is none of {listed}");
        let help =
            nearest(text, words.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        Some(("word", message, help))
    }

    pub(super) fn integer(&mut self, node: &Node, number: i128, shape: &Shape) -> Option<Json> {
        // Beyond 2^53 the comparison is off by less than the bounds care for.
        #[expect(clippy::cast_precision_loss, reason = "bounds are small or powers of two")]
        let message = out_of_range(number as f64, shape).or_else(|| out_of_type(number, shape));
        match message {
            Some(message) => {
                self.add("range", node.place, message, None);
                None
            }
            None => Some(whole(number)),
        }
    }

    pub(super) fn float(&mut self, node: &Node, number: f64, shape: &Shape) -> Option<Json> {
        if let Some(message) = out_of_range(number, shape) {
            self.add("range", node.place, message, None);
            return None;
        }
        Number::from_f64(number).map(Json::Number)
    }
}

/// Why a text does not fit its format, length or pattern.
fn misfit(text: &str, shape: &Shape) -> Option<String> {
    match shape.text("format") {
        Some("duration-with-unit") => return text.parse::<TimeSpan>().err(),
        Some("size-with-unit") => return text.parse::<ByteSize>().err(),
        _ => {}
    }
    let length = text.chars().count();
    if let Some(least) = shape.count("minLength").filter(|least| length < *least) {
        return Some(if least == 1 {
            "must not be empty".to_owned()
        } else {
            format!("must have at least {least} characters")
        });
    }
    if let Some(most) = shape.count("maxLength").filter(|most| length > *most) {
        return Some(format!("must have at most {most} characters"));
    }
    let pattern = shape.text("pattern")?;
    // A pattern that this engine does not know cannot be held against anyone.
    let fits = Regex::new(pattern).map_or(true, |regex| regex.is_match(text));
    (!fits).then(|| format!("`{text}` does not match `{pattern}`"))
}

fn out_of_range(number: f64, shape: &Shape) -> Option<String> {
    let beyond = |keyword: &str, beyond: fn(f64, f64) -> bool, words: &str| {
        let bound = shape.number(keyword)?;
        beyond(number, bound)
            .then(|| format!("{number} is out of range: it must be {words} {bound}"))
    };
    beyond("minimum", |n, bound| n < bound, "at least")
        .or_else(|| beyond("exclusiveMinimum", |n, bound| n <= bound, "above"))
        .or_else(|| beyond("maximum", |n, bound| n > bound, "at most"))
        .or_else(|| beyond("exclusiveMaximum", |n, bound| n >= bound, "below"))
        .or_else(|| beyond("multipleOf", |n, step| n % step != 0.0, "a multiple of"))
}

/// Why a number does not fit the integer type that the schema names.
fn out_of_type(number: i128, shape: &Shape) -> Option<String> {
    let (least, most): (i128, i128) = match shape.text("format")? {
        "uint8" => (0, u8::MAX.into()),
        "uint16" => (0, u16::MAX.into()),
        "uint32" => (0, u32::MAX.into()),
        "uint" | "uint64" => (0, u64::MAX.into()),
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "int16" => (i16::MIN.into(), i16::MAX.into()),
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "int" | "int64" => (i64::MIN.into(), i64::MAX.into()),
        _ => return None,
    };
    (number < least || number > most)
        .then(|| format!("{number} is out of range: it must be from {least} to {most}"))
}
