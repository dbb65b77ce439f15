//! Rows posted to a URL.
//!
//! [`Http`] is the component, [`HttpConfig`] its options. `body` makes requests of rows, `verdict`
//! (which does no I/O) says what a status means, `client` sends one request, `sink` goes through
//! a batch with them, and divides what is refused until the row is found; `state` is what is to be
//! seen of it.

mod body;
mod client;
mod component;
mod config;
mod probe;
mod sink;
mod state;
mod verdict;

pub use component::Http;
pub use config::{Form, HttpConfig};
