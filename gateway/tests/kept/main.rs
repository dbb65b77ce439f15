//! The commands that look into what is kept on disk, and mend it.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its folder should fail")]

mod checkpoint;
mod dead_letters;
mod infer;
mod journal;
mod shell;
mod simulate;
