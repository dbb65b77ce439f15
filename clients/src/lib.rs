//! Connection settings that connectors and sinks share.
//!
//! [`address`]: hosts and ports.
//! [`kafka`] (feature `kafka`): Kafka clusters, with TLS, SASL and what their clients report.
//! [`tls`]: certificates and keys from PEM files, for either end of a connection.

pub mod address;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod probe;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tls;
