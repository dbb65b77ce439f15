//! Lines, frames and datagrams from TCP, UDP and unix sockets.
//!
//! The [`receiver`] either [accepts](accept) connections, [dials](dial) a server, or takes
//! [`datagrams`]. Each [`connection`] has one buffer; what arrives is split into records, which
//! are [delivered](deliver) to the intake before anything more is read.

mod accept;
mod address;
mod component;
mod config;
mod connection;
mod datagrams;
mod deliver;
mod dial;
mod kernel_drops;
mod probe;
mod receiver;
mod state;
mod stream;
mod unix_file;

pub use component::Socket;
pub use config::{Framing, SocketConfig};
