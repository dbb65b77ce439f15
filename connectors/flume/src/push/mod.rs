//! Push: agents connect to us, as they would to another agent's `avro` source.
//!
//! A batch takes this path: the [`server`] accepts its connection, the [`transport`](crate::transport)
//! takes off TLS and compression, a [`connection`] cuts it out of the stream, its [`speech`] (Avro's,
//! by a [`responder`], or [Thrift's](crate::thrift)) finds its events in it, a [`delivery`](crate::delivery) puts them on the intake, and only then is the agent answered OK.

mod component;
mod config;
mod connection;
mod held;
mod known;
mod receiver;
mod responder;
mod server;
mod speech;

pub use component::Flume;
pub use config::FlumeConfig;
pub use speech::Speaks;

#[cfg(test)]
pub(crate) use responder::{Call, Responder};
#[cfg(feature = "testing")]
pub(crate) use speech::{Asked, Speech};
