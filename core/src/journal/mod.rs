//! The write-ahead log that turns a receiver into a source.
//!
//! A receiver puts [`Chunk`](crate::receiver::Chunk)s on an [`Intake`]. Behind it stands either
//! a [`MemoryQueue`], which forgets with the process, or the journal on disk, a
//! [`JournalSource`]. Both are sources: they can be read again from a position, which is the
//! sequence number of a record. [`show`] and [`verify`] look at a journal from outside.
//!
//! [`ReceiverSource`] runs a receiver in front of either and is what an engine is given.
//! [`JournalSettings`] are the options, [`Limits`] the rates that an intake keeps.

mod append;
mod decoder;
mod disk;
mod gather;
mod intake;
mod limits;
mod memory;
mod piece;
mod receiver_source;
mod room;
mod rows;
mod settings;
mod supervisor;

pub use disk::{FrameDamage, JournalSource, SegmentInfo, SegmentReport, show, verify};
pub use intake::{Intake, Refused, Reserved};
pub use limits::Limits;
pub use memory::{MemoryQueue, memory};
pub use receiver_source::ReceiverSource;
pub use rows::schema;
pub use settings::{Durability, Fsync, JournalSettings};

#[cfg(any(test, feature = "testing"))]
pub(crate) use append::Append;
#[cfg(any(test, feature = "testing"))]
pub(crate) use room::Room;

/// The name of the one split of a journal.
pub const SPLIT: &str = "journal";
