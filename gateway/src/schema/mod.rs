//! JSON Schemas as the gateway reads them.
//!
//! Every configuration type has a schema (made by `schemars` from the type and its doc
//! comments), and everything that needs to know what a table may hold looks there: the check of
//! a file, the reference pages, `forebay list`, `forebay new` and `forebay schema`.
//!
//! [`Document`] is a schema with the definitions that it refers to, [`Shape`] one schema with its
//! references and combinations resolved, [`Choice`] a set of alternatives, and [`Row`] one option
//! as a person reads it.

mod choice;
mod document;
mod file;
mod redact;
mod row;
mod shape;
mod words;

pub(crate) use choice::{Choice, Variant};
pub(crate) use document::Document;
pub(crate) use file::file_schema;
pub(crate) use redact::{is_secretive, without_secrets};
pub(crate) use row::{Row, rows, takes};
pub(crate) use shape::Shape;
pub(crate) use words::{first_sentence, nearest, one_line};
