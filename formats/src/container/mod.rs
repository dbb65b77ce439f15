//! Files that hold records in a format of their own.
//!
//! - [`Container`]: a file read from a record on; [`open_container`] opens one;
//! - [`parquet`]: by row groups; [`avro`]: by the blocks of an object container file;
//! - [`csv`]: the records of a CSV file as their bytes, each with the header of the file, so that
//!   a decoder can refuse a record and a dead letter shows it as it stands in the file.

mod avro;
mod avro_blocks;
mod csv;
mod error;
mod open;
mod parquet;
#[cfg(test)]
mod tests;

pub use csv::{HEADER, raw_csv_schema};
pub use error::ContainerError;
pub use open::{Container, open_container};
