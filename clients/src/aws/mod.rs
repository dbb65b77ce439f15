//! Amazon's services: where they are, and who this client is there.
//!
//! - `connection`: the options, and the configuration of a client made from them;
//! - `credentials`: keys, profiles and roles;
//! - `failure`: what an answer that is no good means for the caller.

mod connection;
mod credentials;
mod failure;

pub use connection::AwsConnection;
pub use credentials::AwsCredentials;
pub use failure::{Failure, Meaning};
