//! Estimators against a model of a pipeline, without a clock.
//!
//! A [`Scenario`] says what arrives and what a batch costs, [`run`] lets an estimator set the rate
//! and returns a [`Trace`] of the batches, and [`Scores`] say how well it did.
//! [`scenarios()`] are those by which the estimators are compared, [`table`] is the comparison.
//! [`replay`] runs an estimator over batches that really were: it is what `forebay simulate` does.

mod model;
mod replay;
mod report;
mod scenario;
mod scenarios;
mod score;
mod trace;

pub use model::run;
pub use replay::replay;
pub use report::table;
pub use scenario::{Cost, Scenario, Stream};
pub use scenarios::scenarios;
pub use score::Scores;
pub use trace::{Step, Trace};
