//! Sends dead letters through their pipeline again.
//!
//! The letters are files of JSON lines in a folder. A [`Replay`] works in three steps, each of
//! which a crash may interrupt without losing a letter:
//!
//! 1. [`Replay::choose`]: the chosen letters are copied to `replaying/RUN/SOURCE/` within the
//!    folder, where they stay as they are; then they are taken out of their files. A crash between
//!    leaves a letter in both.
//! 2. [`Replay::run`]: a pipeline with the sinks of the original, and a checkpoint of its own in
//!    `replay/` beside the original's, reads `replaying/` to its end. What an earlier replay left
//!    there is read too, from where its checkpoint stands.
//! 3. A file whose letters are all committed is moved to `replayed/`.
//!
//! So a letter is delivered at least once. One that fails again is written as a dead letter again,
//! with its origin and one more attempt.
//!
//! [`Letter`] is a letter, `lines` reads files of them, [`LetterFiles`] finds these files,
//! `selection` chooses, `source` is the [`Source`](forebay_core::Source) that yields the letters
//! as the raw columns of the original source (`columns`), `decoder` gives them to the original's
//! decoder, and `redirect` restores the origin of those that fail again. [`Replays`] are those that
//! are asked for while the gateway runs.

mod columns;
mod decoder;
mod error;
mod files;
mod letter;
mod lines;
mod origin;
mod pipeline;
mod redirect;
mod runs;
mod selection;
mod source;
#[cfg(test)]
mod tests;

pub use error::ReplayError;
pub use files::LetterFiles;
pub use letter::Letter;
pub use lines::{LetterLine, LetterLines};
pub use pipeline::Replay;
pub use runs::{Phase, Refused, ReplayStatus, Replays};
pub use selection::{Choice, Selection};
