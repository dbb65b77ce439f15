//! Conformance suites and doubles.

mod checkpoint;
mod clock;
mod intake;
mod numbers;
mod recorder;
pub mod source;

pub use checkpoint::MemoryCheckpoint;
pub use clock::PausedClock;
pub use intake::{Arrival, Caught, chunk, intake, manual_intake};
pub use numbers::{Fault as SourceFault, Numbers};
pub use recorder::{Fault as SinkFault, Recorder, RecorderStore, Reject};
