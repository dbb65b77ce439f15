//! Connection settings that connectors and sinks share.
//!
//! [`address`]: hosts and ports.
//! [`kafka`] (feature `kafka`): Kafka clusters, with TLS, SASL and what their clients report.
//! [`outcomes`]: what a destination answers row by row, in a form that any program can write.
//! [`process`] (feature `process`): programs that run as long as the gateway does.
//! [`tls`]: certificates and keys from PEM files, for either end of a connection.

pub mod address;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod outcomes;
pub mod probe;
#[cfg(feature = "process")]
pub mod process;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tls;
