//! `forebay top`: pipelines, splits and limits live in a terminal.
//!
//! `state` is what is shown and what keys do, pure; `front` and `pipeline` draw it, with what they
//! share in `parts`; `command` asks the gateway, hears the keys and owns the terminal.

mod command;
mod front;
mod parts;
mod pipeline;
mod state;
#[cfg(test)]
mod tests;

pub(super) use command::Top;
