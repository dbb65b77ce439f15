//! Connection settings that connectors and sinks share.
//!
//! [`address`]: hosts and ports.
//! [`aws`] (feature `aws`): Amazon's services: region, endpoint, credentials, what errors mean.
//! [`kafka`] (feature `kafka`): Kafka clusters, with TLS, SASL and what their clients report.
//! [`kinesis`] (feature `kinesis`): names of Kinesis data streams.
//! [`listener`] (feature `listener`): addresses that are listened on, and the connections there.
//! [`outcomes`]: what a destination answers row by row, in a form that any program can write.
//! [`probe`]: the first steps of every probe of a system.
//! [`process`] (feature `process`): programs that run as long as the gateway does.
//! [`tls`]: certificates and keys from PEM files, for either end of a connection.

pub mod address;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "kinesis")]
pub mod kinesis;
#[cfg(feature = "listener")]
pub mod listener;
pub mod outcomes;
pub mod probe;
#[cfg(feature = "process")]
pub mod process;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tls;
