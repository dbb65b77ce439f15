//! The configuration file and the command line, from the outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its folder should fail")]

mod commands;
mod components;
mod exactly_once;
mod files;
mod mistakes;
mod mutations;
mod reference;
mod ten;
mod variables;
