//! What a program writes to its standard output.
//!
//! [`Exec`] is the component, [`ExecConfig`] its options. `receiver` is one run of the program,
//! which `forebay_clients::process` starts and ends; `division` divides what it writes, `output`
//! reads it, and `store` keeps and acknowledges it; `state` is what is to be seen of it.

mod component;
mod config;
mod division;
mod output;
mod receiver;
mod state;
mod store;

pub use component::Exec;
pub use config::{ExecConfig, Framing};
