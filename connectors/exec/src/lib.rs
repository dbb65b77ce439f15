//! What a program writes to its standard output.
//!
//! [`Exec`] is the component, [`ExecConfig`] its options. `receiver` is one run of the program:
//! from `child`, which starts it and sees that it ends, over `output`, which divides what it writes
//! and stores it, to its acknowledgements; `complaints` is what it writes to its standard error;
//! `state` is what is to be seen of it.

mod child;
mod complaints;
mod component;
mod config;
mod output;
mod receiver;
mod state;

pub use component::Exec;
pub use config::{ExecConfig, Framing};
