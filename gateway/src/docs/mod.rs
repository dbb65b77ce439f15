//! Pages that are made from the configuration types and their doc comments.
//!
//! [`pages`] lists all of them, `markdown` writes tables of options, `metrics` that of
//! the metrics, `readme` puts one between
//! the markers of a README, and [`starting_file`] is what `forebay new` prints.

mod markdown;
mod metrics;
mod pages;
mod readme;
mod starting;

pub(crate) use pages::{Page, pages};
pub(crate) use starting::starting_file;
