//! Rows to the standard input of a program.
//!
//! [`Exec`] is the component, [`ExecConfig`] its options. `sink` writes batches to a `running`
//! program, which `forebay_clients::process` starts and ends, and hears what became of them;
//! `state` is what is to be seen of it.

mod component;
mod config;
mod running;
mod sink;
mod state;

pub use component::Exec;
pub use config::ExecConfig;
