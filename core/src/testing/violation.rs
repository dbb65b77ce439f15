//! How a suite says what is wrong.

use thiserror::Error;

/// In which way a component breaks the contract.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Violation(pub(super) String);

/// Fails with a sentence unless `holds`.
pub(super) fn require(holds: bool, sentence: impl FnOnce() -> String) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation(sentence())) }
}

/// Turns any error into a violation that says what was asked.
pub(super) fn during<E: std::fmt::Display>(what: &str) -> impl Fn(E) -> Violation {
    move |error| Violation(format!("{what} failed: {error}"))
}
