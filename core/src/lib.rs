//! The micro-batch engine of Forebay.
//!
//! This crate knows no system, no file format and no SQL. It knows *roles* and the path of a
//! batch between them:
//!
//! 1. a trigger fires ([`trigger`]);
//! 2. the limits and the controller grant each split so many records and bytes ([`flow`]);
//! 3. the sources read within their grants ([`source`]);
//! 4. the ranges are planned in the checkpoint ([`checkpoint`]);
//! 5. the records are decoded and transformed ([`decode`], [`transform`]);
//! 6. the sinks write them ([`sink`]), broken records become dead letters ([`dead_letter`]);
//! 7. what is durable is committed, and the sources are told ([`checkpoint`]);
//! 8. the controller learns what the batch cost, listeners see its progress ([`progress`]).
//!
//! [`engine`] walks that path. [`receiver`] and [`journal`] turn an input that pushes into a
//! source that can be read again. [`component`] is how a connector or a sink introduces itself.
//!
//! `docs/design.md` names every point at which a crash can strike, and what recovery does; at each
//! of them a test can end the process ([`crash`]).

pub mod backoff;
pub mod batch;
pub mod budget;
pub mod checkpoint;
pub mod clock;
pub mod component;
pub mod crash;
pub mod dead_letter;
pub mod decode;
mod durable_file;
pub mod engine;
pub mod flood;
pub mod flow;
mod folder_lock;
pub mod journal;
pub mod observe;
pub mod position;
pub mod probe;
pub mod progress;
pub mod range;
pub mod receiver;
pub mod retry;
pub mod secret;
pub mod sink;
pub mod source;
pub mod split;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod traffic;
pub mod transform;
pub mod trigger;
pub mod units;

pub use batch::{Batch, BatchId, Origin, Rows};
pub use position::Position;
pub use range::Range;
pub use sink::Sink;
pub use source::Source;
pub use split::SplitId;
