//! The configuration file.
//!
//! [`load`] walks this path, and each step adds to the same [`Findings`], so that one run reports
//! everything that is wrong:
//!
//! 1. the files are found and read (`files`);
//! 2. TOML becomes a tree in which everything knows its place (`tree`), and `${VARIABLES}` in
//!    texts are replaced (`variables`);
//! 3. the files are merged into sections (`document`);
//! 4. each section is held against the JSON Schema of its type (`walk`, with `scalar`, `table`
//!    and `choice`), and becomes JSON that fits the type;
//! 5. each type checks what a schema cannot say (`sections`, `ranges`);
//! 6. names that refer to each other are resolved (`references`), ports and paths that two
//!    components want are found (`claims`), and components that cannot keep their promises
//!    together (`exactly_once`).
//!
//! What comes out is a [`Config`]: typed, and with components that are not built yet.
//! [`GatewaySettings`], [`PipelineSettings`] and the keys that all sources ([`SourceKeys`]),
//! receivers ([`ReceiverKeys`]) and sinks ([`SinkKeys`]) have are the manual as well.

mod choice;
mod claims;
mod document;
mod exactly_once;
mod files;
mod finding;
mod gateway;
mod keys;
mod load;
mod log;
mod model;
mod names;
mod pipeline;
mod place;
mod ranges;
mod references;
mod render;
mod scalar;
mod secrets;
mod sections;
mod shown;
mod table;
mod telemetry;
mod tree;
mod variables;
mod walk;

pub use finding::{Finding, Findings, Severity};
pub use gateway::{GatewaySettings, Listen};
pub use keys::{ReceiverKeys, SinkKeys, SourceKeys};
pub use load::{Loaded, load};
pub use log::{LogFormat, LogLevel, LogSettings};
pub use model::{Config, PipelineConfig, SinkConfig, SourceConfig};
pub use pipeline::{PipelineSettings, TriggerKind};
pub use place::{Place, SourceFile};
pub use render::Style;
pub use shown::shown;
pub use telemetry::TelemetrySettings;
pub use variables::Environment;
