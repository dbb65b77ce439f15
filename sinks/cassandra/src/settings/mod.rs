//! The options, and what can be found wrong with them without I/O.
//!
//! [`options`] is the whole; [`consistency`], [`time_to_live`], [`write_time`], [`delete`] and
//! [`values`] are its parts, [`table_name`] reads the name of a table, [`check`] looks for what
//! is wrong.

pub mod check;
pub mod consistency;
pub mod delete;
pub mod options;
pub mod table_name;
pub mod time_to_live;
pub mod values;
pub mod write_time;

pub use consistency::ConsistencyLevel;
pub use delete::Delete;
pub use options::Settings;
pub use table_name::TableName;
pub use time_to_live::TimeToLive;
pub use values::{BlobText, Counters, Extra, Nulls};
pub use write_time::{TimeUnit, WriteTime};
