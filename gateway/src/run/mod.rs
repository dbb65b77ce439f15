//! Runs pipelines.
//!
//! [`Place`] says where a pipeline keeps what it must not forget, `assembly` puts a pipeline
//! together, [`Board`] gathers what listeners hear of all of them, and [`Gateway`] runs them until
//! it is told to stop. What a person sees meanwhile is drawn by [`Screen`] and [`live`], or
//! written by [`ProgressLines`]. [`replay`] sends dead letters through their pipeline again.

mod assembly;
mod board;
mod gateway;
pub mod live;
mod place;
mod progress_lines;
pub mod replay;
mod screen;

pub use assembly::AssemblyError;
pub use board::{Board, PipelineView};
pub use gateway::{Gateway, RunMode, Summary};
pub use place::{Place, PlaceError};
pub use progress_lines::ProgressLines;
pub use screen::{Screen, ScreenWriter};
