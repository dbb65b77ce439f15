//! The binary, and the facade with which anyone makes a binary of their own.
//!
//! This crate is wiring; the engine is `forebay-core`. [`Registry`] lists the types of sources and
//! sinks, [`config`] makes a checked [`config::Config`] of files, [`Cli`] is the command line,
//! [`admin`] answers who wants to know what it does, `telemetry` tells a collector of it, and
//! [`logs`] sets up logging. `schema` reads the JSON Schemas of the configuration types, and `docs`
//! makes the reference pages of them.

pub mod admin;
pub mod cli;
pub mod config;
mod docs;
pub mod logs;
pub mod registry;
pub mod run;
mod schema;
mod telemetry;

/// The engine and its roles: what a component of one's own implements.
pub use forebay_core as core;
/// Bytes to columns and back: what a component of one's own decodes with.
pub use forebay_formats as formats;

pub use cli::Cli;
pub use registry::Registry;
