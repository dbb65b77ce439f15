//! Every parser of bytes from outside, fed with what nobody would write.
//!
//! A [`Target`] is one parser: it takes any bytes, and panics if the parser does, or if what comes
//! out contradicts itself. Two drivers feed it: `fuzz/guided` with libFuzzer, guided by coverage, on
//! the nightly compiler; and the binary of this crate with seeded mutations of the target's own
//! seeds, on any compiler. The tests run a few thousand of these, so that no target goes stale.
//!
//! - [`targets`]: one file for each kind of parser;
//! - [`mutation`]: how seeds are changed;
//! - [`scratch`]: a folder in memory for parsers that read files;
//! - [`panics`]: what a panic says, when it is not the end.

#![expect(clippy::unwrap_used, reason = "a target that finds something wrong has to panic")]

mod mutation;
mod panics;
mod scratch;
mod target;
mod targets;

pub use mutation::Mutation;
pub use panics::expect_panics;
pub use target::Target;
pub use targets::TARGETS;
