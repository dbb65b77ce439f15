//! Schemas printed as TOML.

use std::fmt;

use super::{FieldSpec, SchemaSpec, Type};

/// The type of a field as the right side of a TOML entry.
pub(super) struct Quoted<'a>(pub(super) &'a FieldSpec);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            Type::List(_) | Type::Struct(_) => self.0.kind.fmt(f),
            simple if self.0.nullable => write!(f, "\"{simple}\""),
            simple => write!(f, "\"{simple} not null\""),
        }
    }
}

/// A key, in quotes unless TOML allows it [bare](https://toml.io/en/v1.0.0#keys).
struct Key<'a>(&'a str);

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !self.0.is_empty() && self.0.chars().all(bare) {
            return f.write_str(self.0);
        }
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if c.is_control() => write!(f, "\\u{:04X}", u32::from(c))?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

/// An inline table of TOML, ready to stand behind `schema = `.
impl fmt::Display for SchemaSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.fields.is_empty() {
            return f.write_str("{}");
        }
        for (index, field) in self.fields.iter().enumerate() {
            let before = if index == 0 { "{ " } else { ", " };
            write!(f, "{before}{} = {}", Key(&field.name), Quoted(field))?;
        }
        f.write_str(" }")
    }
}
