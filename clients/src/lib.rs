//! Connection settings that connectors and sinks share.
//!
//! [`address`]: hosts and ports.
//! [`tls`]: certificates and keys from PEM files, for either end of a connection.

pub mod address;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tls;
