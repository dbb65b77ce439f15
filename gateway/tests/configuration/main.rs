//! The configuration file and the command line, from the outside.

mod commands;
mod components;
mod files;
mod mistakes;
mod mutations;
mod reference;
mod ten;
mod variables;
