//! The options of a format, flattened into the options of a connector.
//!
//! - [`Decoding`]: the options, their check, and the decoder that they stand for;
//! - [`KeyDecoding`]: the same for the key that a record has beside its value;
//! - [`Format`]: the formats by name;
//! - [`CsvOptions`], [`JsonOptions`], [`AvroOptions`]: what one format alone has.

mod avro;
mod csv;
mod format;
mod json;
mod key;
mod options;
#[cfg(test)]
mod tests;

pub use avro::{AvroFraming, AvroOptions};
pub use csv::CsvOptions;
pub use format::Format;
pub use json::{JsonOptions, UnknownFields};
pub use key::KeyDecoding;
pub use options::Decoding;
