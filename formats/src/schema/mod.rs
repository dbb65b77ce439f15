//! Schemas as they stand in a configuration.
//!
//! ```toml
//! schema = { id = "bigint", ts = "timestamp", customer = "text not null", tags = ["text"], place = { lat = "double", lon = "double" } }
//! ```
//!
//! - [`SchemaSpec`]: names and their types, in the order in which they are written;
//! - [`Type`]: a type by its name, a list of a type, or a nested table of fields;
//! - [`arrow`]: what Arrow makes of them, and the way back.

mod arrow;
mod deserialize;
mod field;
mod print;
mod spec;
#[cfg(test)]
mod tests;
mod types;

pub use arrow::NoType;
pub use field::FieldSpec;
pub use spec::SchemaSpec;
pub use types::{Type, UnknownType};
