//! The schema of newline-delimited JSON.

use serde_json::{Map, Value};

use super::InferError;
use super::guess::{into_schema, merge_fields};
use crate::schema::{SchemaSpec, Type};

/// Infers from objects, one per line. The last line may be cut off, as the first bytes of a file
/// are.
pub(super) fn infer(sample: &[u8]) -> Result<SchemaSpec, InferError> {
    let mut fields = Vec::new();
    let mut lines = sample.split(|b| *b == b'\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice::<Map<String, Value>>(line) {
            Ok(object) => fields = merge_fields(fields, super::guess::Guess::fields(&object)),
            Err(error) if lines.peek().is_none() && error.is_eof() && index > 0 => break,
            Err(error) => {
                return Err(InferError::Record { number: index + 1, what: error.to_string() });
            }
        }
    }
    if fields.is_empty() { Err(InferError::Empty) } else { Ok(into_schema(fields, &Type::Json)) }
}
