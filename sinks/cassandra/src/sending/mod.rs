//! Sending requests, and what their answers mean.
//!
//! [`window`] decides how many requests are on their way; [`error`] what an error says about the
//! rows of a request; [`retry`] tells the driver to leave that to us. [`round`] sends all
//! requests of a window once; [`progress`] remembers which rows of a batch are done.

pub mod error;
pub mod progress;
pub mod retry;
pub mod round;
pub mod window;

pub use error::{Class, Refusal};
pub use progress::{Progress, State};
pub use round::Round;
pub use window::InFlight;
