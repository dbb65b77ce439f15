//! Listening for connections.
//!
//! An [`Endpoint`] is where to listen, with TLS or without, as the options say; it can be probed, and
//! opened. [`serve`] then takes the connections that come [in](Incoming), each in a task of its own.

mod endpoint;
mod serve;

pub use endpoint::{Endpoint, Open, refused};
pub use serve::{Admission, Incoming, serve};
