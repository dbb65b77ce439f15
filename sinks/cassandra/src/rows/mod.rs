//! Rows as they are sent.
//!
//! [`bound`] is a chunk of a batch seen through a mapping; it writes rows into [`encoded`], which
//! holds the values of many rows in one buffer, as they stand in a request. [`clock`] tells each
//! row's write time, [`marker`] whether it deletes. [`grouping`] gathers rows of one partition
//! into requests, and [`values`] hands them to the driver without another copy in between.

pub mod bound;
pub mod clock;
pub mod encoded;
pub mod grouping;
pub mod marker;
#[cfg(test)]
mod tests;
pub mod values;

pub use bound::Bound;
pub use clock::Clock;
pub use encoded::{Encoded, Row};
pub use grouping::{Requests, Span};
