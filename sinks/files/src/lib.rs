//! Files that roll, each record exactly once.
//!
//! Rows go to *staged* files in a hidden folder beside the target, where no reader looks. When
//! it is time to roll, the staged files are ended and synced, and their names become the
//! [receipt](forebay_core::sink::Receipt) of the batches within. The engine commits the receipt,
//! and only then does [`publish`](forebay_core::Sink::publish) move the files to where readers
//! see them. So the commit decides: before it, a crash throws the staged files away and the
//! batches come again; after it, the move is made up for at the next start.
//!
//! - `options`: what a person can set, and what is wrong with it
//! - `component`: how the sink introduces itself
//! - `sink`: the sink as the engine sees it; it hands work to a thread that may block
//! - `staging`: staged files, their rolling, and the receipt
//! - `publication`: from staged to visible, as often as need be
//! - `layout`: which row goes to which folder; `time_folder` and `escape` name the folders
//! - `device`: folders and files that are on the disk when a function returns
//! - `status`: what can be seen from outside

mod component;
mod device;
mod escape;
mod layout;
mod open_file;
mod options;
mod probe;
mod publication;
mod receipt;
mod sink;
mod staging;
mod status;
mod time_folder;

pub use component::Files;
pub use options::FilesOptions;
