//! A schema from a sample, for `forebay schema infer FILE`.
//!
//! - [`infer`]: from the first bytes of newline-delimited JSON or of CSV with a header;
//! - [`infer_file`]: from a file of any format; Parquet and Avro carry their schema.

mod csv;
mod error;
mod guess;
mod json;
mod sample;
#[cfg(test)]
mod tests;

pub use error::InferError;
pub use sample::{infer, infer_file};
