//! Walks the path of a batch.
//!
//! A [`Pipeline`] is put together from components and [run](Pipeline::run). Its supervisor starts
//! attempts: each opens the checkpoint, recovers, and then works until it is told to stop, its
//! sources end, or something breaks that only a new start from the checkpoint can mend.
//!
//! Within an attempt one coordinator owns the checkpoint and decides; the work itself runs in
//! tasks that are lent the inputs, the transform or the outputs and give them back:
//!
//! ```text
//! trigger -> read (inputs) -> plan -> decode -> transform -> write (outputs) -> commit -> tell
//!            \_ next batch _________________/   \_ this batch ______________/
//! ```

mod attempt;
mod controller;
mod decoding;
mod failure;
mod flight;
mod grants;
mod input;
mod inputs;
mod letters;
mod output;
mod outputs;
mod pipeline;
mod reading;
mod replay;
mod report;
mod settings;
#[cfg(test)]
mod tests;
mod tuning;
pub mod window;

pub use input::InputParts;
pub use output::OutputParts;
pub use pipeline::{Ended, OpenCheckpoint, Pipeline, PipelineError};
pub use settings::Settings;
pub use tuning::Tuning;
pub use window::Window;
