//! Events from Flume agents.
//!
//! In both directions an [`event`] travels by Avro's [remote calls](rpc) in Avro's [binary
//! encoding](wire), or is pushed by [`thrift`], over TCP with [layers](transport) in between. [`push`] is the end that agents'
//! sinks connect to; [`pull`] polls the Spark sink within agents. Either has a
//! [`delivery`] put events on the intake as they arrived, headers and body, unless one is too
//! [`large`]; the [`decoder`] makes columns of them later.

mod decoder;
mod delivery;
mod event;
mod large;
mod pull;
mod push;
mod rpc;
mod state;
#[cfg(feature = "testing")]
pub mod testing;
mod thrift;
mod transport;
mod wire;

pub use large::LargeEvents;
pub use pull::{FlumePull, FlumePullConfig};
pub use push::{Flume, FlumeConfig, Speaks};
pub use transport::Compression;
