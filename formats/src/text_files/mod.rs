//! Files of lines, as sources read them.
//!
//! [`Input`] expands a file, [`Gathered`] takes the records of it and makes the raw columns, with
//! the [`Place`] where they stand, and [`Faults`] is the decoder that turns records which were
//! refused before any decoder saw them into rejected ones.

mod columns;
mod compression;
mod faults;
mod input;

pub use columns::{
    Gathered, OFFSET, Place, VALUE, growing_schema, place_fields, raw_schema, schema,
};
pub use compression::Compression;
pub use faults::Faults;
pub use input::Input;
