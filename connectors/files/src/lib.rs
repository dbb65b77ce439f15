//! Each new file of a folder, once.
//!
//! [`Files`] is the component, [`FilesConfig`] its options, [`FilesSource`] the state machine that
//! the engine drives. A file is a split; its name holds the path and an [`identity`], so
//! that another file under the same path is another split.
//!
//! - From folder to splits: `listing` looks, `scanner` decides when to look, `catalog` (which
//!   does no I/O) decides which files are taken and in which order, `remembered` which were and
//!   may be forgotten; `view` keeps the catalog up, `status` shows a file to the engine, with the
//!   `backlog` that is estimated;
//! - from file to records: `worker` reads several files at once, in threads of their own, `reader`
//!   opens what a file needs, `lines` divides text, `table` reads files that
//!   hold records in a format of their own;
//! - from records to columns: `forebay_formats::text_files` names where each came from and turns
//!   records that were too long into rejected ones, `placed` decodes columns that a file has typed
//!   already;
//! - `retire` deletes or moves files that were committed, `report` tells what is going on.

mod backlog;
mod catalog;
mod config;
mod files;
mod identity;
mod lines;
mod listing;
mod placed;
mod probe;
mod reader;
mod remembered;
mod report;
mod retire;
mod scanner;
mod source;
mod status;
mod table;
mod view;
mod worker;

pub use config::{After, FilesConfig, Order};
pub use files::Files;
pub use source::FilesSource;
