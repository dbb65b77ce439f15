//! Records decoded, each on its own, so that a broken one takes no other with it.
//!
//! Each decoder looks at the column of bytes alone; [`Kept`] carries over what else of the raw
//! columns is wanted; [`Keyed`] decodes a key beside the value; [`Typed`] looks at columns that a file has typed already. The classes of what is refused: `encoding` (no UTF-8), `syntax` (not of the
//! format at all), `type` (a value that does not fit its column), `missing` (a field that must
//! not be null), `null` (the record has no bytes).

mod avro;
#[cfg(test)]
mod avro_tests;
mod csv;
mod csv_fields;
mod json;
mod kept;
mod keyed;
#[cfg(test)]
mod keyed_tests;
#[cfg(test)]
mod tests;
mod text;
mod typed;
mod whole;

pub use avro::{Avro, check_schema};
pub use csv::Csv;
pub(crate) use csv_fields::{Fields as CsvFields, reader as csv_reader};
pub use json::Json;
pub use kept::Kept;
pub use keyed::Keyed;
pub use text::Text;
pub use typed::Typed;
pub use whole::Whole;
