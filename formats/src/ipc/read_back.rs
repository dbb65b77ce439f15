//! How the records are decoded.

use arrow_avro::schema::AvroSchema;
use forebay_core::component::Problem;

use crate::decoding::{AvroFraming, AvroOptions};
use crate::{Decoding, Format, SchemaSpec};

/// How records that [`ArrowRows`](super::ArrowRows) made for this schema become its columns again,
/// beside the columns `keep` of the source.
///
/// # Errors
/// A type that Avro does not have.
pub fn read_back(schema: &SchemaSpec, keep: Vec<String>) -> Result<Decoding, Problem> {
    let written = AvroSchema::try_from(schema.to_arrow().as_ref());
    let written = written.map_err(|error| Problem::at("schema", error.to_string()))?;
    Ok(Decoding {
        format: Format::Avro,
        schema: Some(schema.clone()),
        keep,
        avro: AvroOptions {
            writer_schema: Some(written.json_string),
            framing: AvroFraming::SingleObject,
            ..AvroOptions::default()
        },
        ..Decoding::default()
    })
}
