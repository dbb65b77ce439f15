//! Workers that share a stream: over a table in memory, and simulated.

mod memory;
mod sharing;
mod simulation;
