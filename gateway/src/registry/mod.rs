//! Which types of sources and sinks there are.
//!
//! [`Registry`] is a value: [`Registry::default`] holds what was compiled in ([`built_in`] lists
//! it, one line each), and anyone's own `main.rs` adds theirs:
//!
//! ```
//! use std::process::ExitCode;
//!
//! fn main() -> ExitCode {
//! #   mod mine { pub use forebay_blackhole_sink::Blackhole; }
//!     let registry = forebay::Registry::empty().sink::<mine::Blackhole>();
//! #   let _ = || {
//!     forebay::Cli::run(&registry)
//! #   };
//! #   ExitCode::SUCCESS
//! }
//! ```
//!
//! [`Entry`] is one type without its type, [`Settings`] its options without theirs.

mod built_in;
mod entry;
mod kind;
mod list;
mod settings;

pub use entry::Entry;
pub(crate) use entry::read;
pub use kind::Kind;
pub use list::{LeftOut, Registry};
pub use settings::Settings;
