//! The source over a scripted stream: what it does when the service does what emulators do not.

pub(crate) mod driver;
mod fan_out;
mod flow;
mod losses;
mod resharding;
pub(crate) mod script;
pub(crate) mod stream;
