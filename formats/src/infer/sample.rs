//! A schema from bytes, or from a file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::InferError;
use crate::container::{ContainerError, open_container};
use crate::schema::SchemaSpec;
use crate::{Decoding, Format};

/// How much of a file of JSON or CSV is looked at, in bytes.
const SAMPLE: u64 = 4 << 20;

/// Infers the schema of JSON (an object per line) or CSV from the first bytes of a file. Of the
/// options only how CSV is written counts.
///
/// Fields that are null throughout, or differ in type, become `json` (JSON) or `text` (CSV).
///
/// # Errors
/// See [`InferError`].
pub fn infer(sample: &[u8], format: Format, decoding: &Decoding) -> Result<SchemaSpec, InferError> {
    match format {
        Format::Json => super::json::infer(sample),
        Format::Csv => super::csv::infer(sample, &decoding.csv),
        other => Err(InferError::NoSchema(other)),
    }
}

/// Infers the schema of a file: of JSON and CSV from its first 4 MiB, of Parquet and Avro from
/// what the file says of itself. It blocks on the file.
///
/// # Errors
/// See [`InferError`].
pub fn infer_file(
    path: &Path,
    format: Format,
    decoding: &Decoding,
) -> Result<SchemaSpec, InferError> {
    if matches!(format, Format::Parquet | Format::Avro) {
        let plain = Decoding::default();
        let container = open_container(format, path, &plain)?;
        return Ok(SchemaSpec::from_arrow(&container.schema())?);
    }
    let io = |error| InferError::File(ContainerError::io(path, error));
    let file = File::open(path).map_err(io)?;
    let mut sample = Vec::new();
    file.take(SAMPLE).read_to_end(&mut sample).map_err(io)?;
    infer(&sample, format, decoding)
}
