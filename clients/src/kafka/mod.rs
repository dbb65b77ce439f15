//! Connections to Kafka, for whatever reads or writes there.
//!
//! [`KafkaConnection`] is the options as they stand in a configuration: brokers, [`KafkaTls`],
//! [`Sasl`] and properties of librdkafka, of which each [`Role`] refuses those that would break
//! its promises ([`properties`]). It makes a `ClientConfig` and the [`ClientEvents`] that belong
//! to a client: they turn librdkafka's logs and errors into events of ours without a flood,
//! remember the last trouble, so that a timeout can be explained, and fetch OAUTHBEARER tokens.

mod connection;
mod events;
mod probe;
pub mod properties;
mod sasl;
mod tls;
mod token;
mod trouble;

pub use connection::KafkaConnection;
pub use events::ClientEvents;
pub use probe::{judge_answer, reach_brokers};
pub use properties::Role;
pub use sasl::{Sasl, Token};
pub use tls::KafkaTls;
pub use trouble::{Cause, Trouble};
