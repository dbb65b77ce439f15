//! A seeded, replayable source of realistic records.
//!
//! Every value is a pure function of the seed, the split and the record's number, so a replay
//! yields the same bytes, and so does the same configuration on another machine.
//!
//! - [`Generator`] is the component, [`GeneratorConfig`] its options, [`GeneratorSource`] the
//!   state machine that the engine drives;
//! - `schedule` says when each record is due, `division` to which split it belongs;
//! - `template` and [`Field`] say which columns there are, `maker` makes their values from
//!   `random` numbers, and `records` puts them together;
//! - `json` writes records as JSON text, some of them broken if asked to.

mod config;
mod division;
mod field;
mod generator;
mod json;
mod maker;
mod random;
mod records;
mod schedule;
mod source;
mod template;

pub use config::{Form, GeneratorConfig};
pub use field::{Field, FieldType};
pub use generator::Generator;
pub use source::GeneratorSource;
pub use template::Template;
