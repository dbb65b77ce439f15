//! Conformance suites and doubles.

mod checkpoint;
mod clock;
mod intake;
mod numbers;
mod observation;
pub mod receiver;
mod recorder;
pub mod sink;
pub mod source;
mod violation;

pub use checkpoint::MemoryCheckpoint;
pub use clock::PausedClock;
pub use intake::{Arrival, Caught, chunk, intake, manual_intake};
pub use numbers::{Fault as SourceFault, Numbers};
pub use observation::observed;
pub use recorder::{Fault as SinkFault, Recorder, RecorderStore, Reject};
pub use violation::Violation;
