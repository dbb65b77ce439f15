//! Bytes to columns and back: text, JSON, CSV, Avro, Parquet.
//!
//! From bytes to columns:
//! - [`schema`]: schemas as they stand in a configuration;
//! - [`framing`]: a stream of bytes divided into records;
//! - [`ipc`]: rows of an Arrow IPC stream as records;
//! - [`decoding`]: the options of a format, flattened into the options of a connector;
//! - [`decoders`]: records decoded, each on its own, so that a broken one takes no other with it;
//! - [`text_files`]: files of lines, expanded, and where their records stand;
//! - [`container`]: files that hold records in a format of their own;
//! - [`registry`]: records whose schema stands in a registry;
//! - [`infer`]: a schema from a sample.
//!
//! From columns to bytes: [`encode`].

mod columns;
mod conform;
pub mod container;
pub mod decoders;
pub mod decoding;
pub mod encode;
pub mod framing;
pub mod infer;
pub mod ipc;
pub mod registry;
pub mod schema;
pub mod text_files;

pub use container::{Container, ContainerError, open_container};
pub use decoding::{Decoding, Format, KeyDecoding};
pub use schema::SchemaSpec;
