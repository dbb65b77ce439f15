//! Connection settings that connectors and sinks share.
//!
//! [`tls`]: certificates and keys from PEM files, for either end of a connection.

#[cfg(feature = "testing")]
pub mod testing;
pub mod tls;
