//! Files that grow, through rotation, as `tail -F` does.
//!
//! [`Tail`] is the component, [`TailConfig`] its options, [`TailSource`] the state machine that the
//! engine drives. A file is a split; its name holds the path at which it was first seen, device and
//! inode, so that it stays the same split under whatever name it has later ([`identity`]). A
//! position holds a byte offset and digests of the bytes around it ([`mark`]), so that another
//! file with the same inode, or the same file written anew, is told from it.
//!
//! - From folders to splits: `listing` looks, `scanner` decides when, `catalog` (which does no I/O)
//!   knows the files and what became of them, `heir` finds the copy that a rotation left of a file
//!   that was truncated or compressed, `newcomers` decides what a file is that nobody knows;
//! - from file to records: `worker` reads several files in threads of their own, `reader` opens one
//!   and holds it against its mark, `cutter` keeps the limits, `divider` makes records of lines;
//! - `source` answers the engine, `view` keeps the catalog up, `report` tells what is going on,
//!   `probe` looks whether it could.

mod catalog;
mod config;
mod cutter;
mod divider;
mod head;
mod heir;
mod identity;
mod listing;
mod mark;
mod newcomers;
mod probe;
mod reader;
mod report;
mod scanner;
mod source;
mod tail;
#[cfg(feature = "testing")]
pub mod testing;
mod view;
mod worker;

pub use config::{Multiline, Start, TailConfig};
pub use source::TailSource;
pub use tail::Tail;
