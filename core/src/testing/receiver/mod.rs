//! What every receiver must do, checked against any of them.
//!
//! ```ignore
//! use forebay_core::testing::receiver::check;
//!
//! let client = |observed: Value, records: Vec<Vec<u8>>| async move {
//!     let address = observed["listening"].as_str().ok_or("it does not listen yet")?;
//!     send_and_wait_for_the_acknowledgement(address, records).await
//! };
//! check(|| build(r#"max_frame = "1KiB""#), client, 2000).await?;
//! ```
//!
//! The suite is the engine on one side, and drives a client on the other:
//!
//! - `run` is one run of a receiver, and what the client does meanwhile;
//! - `checks` are the cases.

mod checks;
mod run;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::receiver::Receiver;

pub use super::intake::Reading;
pub use super::violation::Violation;

/// Checks a receiver that can acknowledge to its sender.
///
/// `build` makes an instance that [observes](Receiver::observe) where it can be reached. The
/// client is given what is observed, and records to send on a connection of its own; it returns
/// `Ok` when all of them were acknowledged, and else why not. It is dropped when it does not
/// matter any more, and must then leave nothing behind. `oversize` is the size in bytes of a
/// record that is too large: it is either refused to its sender, or comes as a rejected chunk.
///
/// # Errors
/// The first breach of the contract, in a sentence.
pub async fn check<F>(
    build: impl FnMut() -> Box<dyn Receiver>,
    client: impl Fn(Value, Vec<Vec<u8>>) -> F,
    oversize: usize,
) -> Result<(), Violation>
where
    F: Future<Output = Result<(), String>>,
{
    check_enveloped(build, client, <[u8]>::to_vec, oversize).await
}

/// As [`check`], for a receiver that stores more of a record than what the client was given:
/// `reading` takes that out of what is stored.
///
/// # Errors
/// As [`check`].
pub async fn check_enveloped<F>(
    mut build: impl FnMut() -> Box<dyn Receiver>,
    client: impl Fn(Value, Vec<Vec<u8>>) -> F,
    reading: Reading,
    oversize: usize,
) -> Result<(), Violation>
where
    F: Future<Output = Result<(), String>>,
{
    checks::stored_before_acknowledged(&mut build, &client, reading).await?;
    checks::failed_is_not_acknowledged(&mut build, &client, reading).await?;
    checks::full_is_not_acknowledged(&mut build, &client, reading).await?;
    checks::closed_is_not_acknowledged(&mut build, &client, reading).await?;
    checks::stops_with_a_record_under_way(&mut build, &client, reading).await?;
    checks::runs_again(&mut build, &client, reading).await?;
    checks::oversize(&mut build, &client, reading, oversize).await
}
