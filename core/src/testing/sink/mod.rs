//! What every sink must do, checked against any of them.
//!
//! ```ignore
//! use forebay_core::testing::sink::{Promise, check};
//!
//! let build = || Box::new(MySink::new(&folder));
//! let visible = || lines_of(&folder);
//! let summary = check(Promise::ExactlyOnce, build, visible).await?;
//! ```
//!
//! The suite wants a destination that is empty. It makes many instances on it, one after the
//! other, and drives them as the engine does, with one checkpoint:
//!
//! - `driver` writes, commits and crashes, and holds what is visible against what was committed;
//! - `checks` are the cases;
//! - `rows` are what is written: the columns `id` (bigint) and `text`, and in one case `text` and
//!   `weight` (double). Each value of `text` is a word such as `row-000017`, by which a row is
//!   known again.

mod checks;
mod driver;
mod rows;
#[cfg(test)]
mod tests;

use crate::sink::Sink;

pub use super::violation::Violation;

/// What a sink promises of rows that are committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Each is seen once, whatever comes again after a crash. A settling sink shows none that is
    /// not committed.
    ExactlyOnce,
    /// Each is seen, and perhaps again after a crash.
    AtLeastOnce,
    /// Each is seen as long as the instance lives that took it.
    Volatile,
    /// None is seen.
    Nothing,
}

/// What the suite did with a sink that conforms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Rows that were committed.
    pub rows: usize,
    /// Whether rows of two schemas in one batch were taken, and not refused.
    pub mixed_schemas: bool,
}

/// Checks the sinks that `build` makes: each a new instance, not yet connected, on the same
/// destination. `visible` lists all rows that readers of the destination see, each as any text
/// in which the value of the column `text` stands; in the order in which they were written, or,
/// if the destination has no order, in that of `text`.
///
/// # Errors
/// The first breach of the contract, in a sentence.
pub async fn check(
    promise: Promise,
    build: impl FnMut() -> Box<dyn Sink>,
    visible: impl FnMut() -> Vec<String>,
) -> Result<Summary, Violation> {
    let mut driver = driver::Driver::start(promise, build, visible).await?;
    checks::nothing_written(&mut driver).await?;
    checks::crash_before_the_first_commit(&mut driver).await?;
    checks::order(&mut driver).await?;
    checks::empty_batches(&mut driver).await?;
    let mixed_schemas = checks::mixed_schemas(&mut driver).await?;
    checks::written_again(&mut driver).await?;
    checks::publish_twice(&mut driver).await?;
    checks::crash_around_the_commit(&mut driver).await?;
    checks::connect_twice(&mut driver).await?;
    checks::observe(&mut driver).await?;
    checks::close(&mut driver).await?;
    Ok(Summary { rows: driver.committed_rows(), mixed_schemas })
}
