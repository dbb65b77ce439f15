//! TLS from PEM files.
//!
//! [`ServerTls`] and [`ClientTls`] are options as they stand in a configuration. Each makes, when
//! asked, what accepts or opens connections; the files are read at that moment, so whoever asks
//! again after a renewal has the new certificates. What is wrong with a file is a [`TlsError`]
//! that names it. A [`handshake`] has its bound.
//!
//! The cryptography is aws-lc-rs, named explicitly: no default of the process is asked or set.

mod client;
mod error;
mod files;
pub mod handshake;
mod server;
mod version;

pub use client::ClientTls;
pub use error::TlsError;
pub use server::ServerTls;
pub use version::TlsVersion;
