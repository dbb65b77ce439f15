//! What every source must do, checked against any of them.
//!
//! ```ignore
//! use forebay_core::testing::source::check;
//!
//! let summary = check(|| Box::new(MySource::new(&folder))).await?;
//! assert_eq!(summary.records, 300);
//! ```
//!
//! The suite wants a finite input of some dozens to some hundreds of records, which is complete
//! before it starts and which no reading or committing removes. It makes many instances over it:
//!
//! - `reader` drives one the way the engine does, and holds every answer against the contract;
//! - `checks` compares what different readings, replays and restarts yield.

mod checks;
mod reader;
#[cfg(test)]
mod tests;

pub use super::violation::Violation;
use crate::source::Source;

/// What the suite saw of a source that conforms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Splits that yielded records.
    pub splits: usize,
    /// Records of all splits, broken ones included.
    pub records: u64,
}

/// Checks the sources that `open` makes: each a new instance, not yet connected, over the same
/// input.
///
/// # Errors
/// The first breach of the contract, in a sentence.
pub async fn check(mut open: impl FnMut() -> Box<dyn Source>) -> Result<Summary, Violation> {
    let whole = checks::whole(&mut open).await?;
    checks::any_limits(&mut open, &whole).await?;
    checks::until(&mut open, &whole).await?;
    checks::replay(&mut open, &whole).await?;
    checks::restart(&mut open, &whole).await?;
    checks::crash(&mut open, &whole).await?;
    checks::finished(&mut open, &whole).await?;
    checks::deadline(&mut open).await?;
    checks::ready(&mut open).await?;
    Ok(whole.summary())
}
