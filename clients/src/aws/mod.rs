//! Amazon's services: where they are, and who this client is there.
//!
//! - `connection`: the options, and the configuration of a client made from them;
//! - `credentials`: keys, profiles and roles;
//! - `failure`: what an answer that is no good means for the caller;
//! - `probe`: the first steps of a probe of a service.

mod connection;
mod credentials;
mod failure;
mod probe;

pub use connection::AwsConnection;
pub use credentials::AwsCredentials;
pub use failure::{Failure, Meaning};
pub use probe::{denied, is_denied, judge_answer, reach_service};
