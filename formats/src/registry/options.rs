//! Where the registry is.

use std::path::PathBuf;
use std::time::Duration;

use forebay_core::component::Problem;
use forebay_core::secret::Secret;
use forebay_core::units::TimeSpan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A schema registry that speaks
/// [Confluent's API](https://docs.confluent.io/platform/current/schema-registry/develop/api.html).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RegistryOptions {
    /// Its address, such as `http://localhost:8081`. A path stays in front of those of the API:
    /// `http://localhost:8080/apis/ccompat/v7`.
    pub url: String,
    /// The user, where the registry asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// A PEM file with authorities to trust beside those of the system. A relative path begins at
    /// the folder of the configuration file. It is read at the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Longest time that an answer may take, 100ms to 5m. Default 10s.
    #[serde(default = "default_timeout")]
    pub timeout: TimeSpan,
    /// Name of a column for the id of each record's schema, an `int`. Default: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_column: Option<String>,
}

impl RegistryOptions {
    pub(crate) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        match reqwest::Url::parse(&self.url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                if !url.username().is_empty() || url.password().is_some() {
                    problems.push(
                        Problem::at("registry.url", "it holds a user or a password")
                            .help("write them as `username` and `password`"),
                    );
                }
            }
            Ok(_) => {
                problems.push(Problem::at("registry.url", "it is no address with http or https"))
            }
            Err(error) => {
                problems.push(Problem::at("registry.url", format!("it is no address: {error}")));
            }
        }
        if self.password.is_some() && self.username.is_none() {
            problems.push(Problem::at("registry.password", "there is no `username` to go with it"));
        }
        let allowed = Duration::from_millis(100)..=Duration::from_secs(300);
        if !allowed.contains(&self.timeout.0) {
            problems.push(Problem::at("registry.timeout", "must be between 100ms and 5m"));
        }
        if self.id_column.as_deref() == Some("") {
            problems.push(Problem::at("registry.id_column", "must not be empty"));
        }
        problems
    }
}

fn default_timeout() -> TimeSpan {
    TimeSpan::from_secs(10)
}
