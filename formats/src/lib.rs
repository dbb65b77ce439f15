//! Bytes to columns and back: text, JSON, CSV, Avro, Parquet.

pub mod encode;
