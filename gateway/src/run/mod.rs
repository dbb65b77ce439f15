//! Runs pipelines.
//!
//! [`Place`] says where a pipeline keeps what it must not forget, `assembly` puts a pipeline
//! together, [`Board`] gathers what listeners hear of all of them, a [`PipelineView`] of each, and [`Gateway`] runs them until
//! it is told to stop; [`Tunings`] change limits meanwhile. What a person sees meanwhile is drawn by [`Screen`] and [`live`], or
//! written by [`ProgressLines`]. [`replay`] sends dead letters through their pipeline again.

mod assembly;
mod board;
mod deliveries;
mod gateway;
mod histogram;
pub mod live;
mod observed;
mod place;
mod progress_lines;
pub mod replay;
mod screen;
mod splits;
mod timeline;
mod tunings;
mod view;
mod why;

pub use assembly::AssemblyError;
pub use board::Board;
pub use deliveries::{Deliveries, Delivery, DeliverySummary, Percentiles, Trouble};
pub use gateway::{Gateway, RunMode, Summary};
pub use histogram::Histogram;
pub use observed::{Observed, Role};
pub use place::{Place, PlaceError};
pub use progress_lines::ProgressLines;
pub use screen::{Screen, ScreenWriter};
pub use splits::{SplitView, Splits};
pub use timeline::{Moment, Timeline};
pub use tunings::Tunings;
pub use view::{LIMITS, PipelineView};
pub use why::{Bounds, SetBy, Why, why};
