//! Pull: we poll the Spark sink within agents, whose protocol has a transaction on each batch.
//!
//! It is a receiver with a journal, and not a source whose positions the agents keep, for three
//! reasons. A sink waits only so long for an acknowledgement, by default a minute, and then gives the
//! batch to the next who asks: with a journal in between that is a matter of its group commit, and
//! not of the slowest destination, which may be away for an hour. An agent cannot be asked for the
//! same batch again: without a journal, what was written and not committed at a crash would come
//! again with other borders, and no sink could tell. And while a batch is not acknowledged, its
//! connection may not be used for the next one.
//!
//! The [`receiver`] runs a [`poller`] for each connection; it gets a [`batch`], stores it, and says so.

mod batch;
mod component;
mod config;
mod poller;
mod probe;
mod receiver;
mod state;

pub use component::FlumePull;
pub use config::FlumePullConfig;

#[cfg(feature = "testing")]
pub(crate) use batch::Batch;
