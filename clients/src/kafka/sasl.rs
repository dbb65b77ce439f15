//! How a client proves to the brokers who it is.

use std::path::PathBuf;

use forebay_core::component::Problem;
use forebay_core::secret::Secret;
use rdkafka::config::ClientConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a client proves to the brokers who it is ([SASL](https://kafka.apache.org/documentation/#security_sasl)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "mechanism")]
pub enum Sasl {
    /// A name and a password, which travel as they are: use TLS.
    #[serde(rename = "PLAIN")]
    Plain {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A name and a password that does not travel
    /// ([RFC 5802](https://www.rfc-editor.org/rfc/rfc5802)), with SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256 {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// As `SCRAM-SHA-256`, with SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512 {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A token ([RFC 7628](https://www.rfc-editor.org/rfc/rfc7628)).
    #[serde(rename = "OAUTHBEARER")]
    OauthBearer {
        /// Where the token comes from. It is fetched anew when four fifths of its life are over.
        token: Token,
    },
}

/// Where an OAUTHBEARER token comes from: a JSON Web Token whose `sub` names the principal and
/// whose `exp` says when it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Token {
    /// A file that holds it, relative to the folder of the configuration file. Something else
    /// renews it.
    File(PathBuf),
    /// A program and its arguments; it writes the token to its standard output, within 10
    /// seconds.
    Command(Vec<String>),
    /// A token without a signature for this principal, as brokers in tests accept it. It proves
    /// nothing.
    Unsecured(String),
}

impl Sasl {
    /// What can be found wrong without I/O.
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        match self {
            Self::Plain { username, .. }
            | Self::ScramSha256 { username, .. }
            | Self::ScramSha512 { username, .. } => {
                if username.is_empty() {
                    problems.push(Problem::at("sasl.username", "a name is needed"));
                }
            }
            Self::OauthBearer { token: Token::Command(words) } => {
                if words.is_empty() {
                    problems.push(Problem::at("sasl.token.command", "a program is needed"));
                }
            }
            Self::OauthBearer { token: Token::Unsecured(principal) } => {
                if principal.is_empty() {
                    problems.push(Problem::at("sasl.token.unsecured", "a principal is needed"));
                }
            }
            Self::OauthBearer { token: Token::File(_) } => {}
        }
        problems
    }

    pub(super) fn apply(&self, config: &mut ClientConfig) {
        let (mechanism, credentials) = match self {
            Self::Plain { username, password } => ("PLAIN", Some((username, password))),
            Self::ScramSha256 { username, password } => {
                ("SCRAM-SHA-256", Some((username, password)))
            }
            Self::ScramSha512 { username, password } => {
                ("SCRAM-SHA-512", Some((username, password)))
            }
            Self::OauthBearer { .. } => ("OAUTHBEARER", None),
        };
        config.set("sasl.mechanisms", mechanism);
        if let Some((username, password)) = credentials {
            config.set("sasl.username", username);
            config.set("sasl.password", password.reveal());
        }
    }

    /// Where tokens come from, if this mechanism has any.
    pub(super) fn token(&self) -> Option<&Token> {
        match self {
            Self::OauthBearer { token } => Some(token),
            _ => None,
        }
    }
}
