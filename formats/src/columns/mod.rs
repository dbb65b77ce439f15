//! Typed columns that grow record by record and can take a record back.
//!
//! Arrow's own builders cannot forget what was appended. Here a record that turns out to be
//! broken half-way is [truncated](rows::Rows::truncate) away, so that it costs its neighbours
//! nothing: no second pass, no search for the culprit.
//!
//! - [`buffer`]: the values of a column;
//! - [`column`]: a column, and the values that it takes;
//! - [`rows`]: columns side by side;
//! - [`text`]: values read from text, the same for JSON strings and CSV fields;
//! - [`json`]: a JSON object read into a row.

pub(crate) mod buffer;
pub(crate) mod column;
pub(crate) mod decimal;
pub(crate) mod json;
pub(crate) mod rows;
#[cfg(test)]
mod tests;
pub(crate) mod text;
