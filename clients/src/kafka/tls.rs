//! TLS to the brokers.

use std::path::{Path, PathBuf};

use forebay_core::component::Problem;
use forebay_core::secret::Secret;
use rdkafka::config::ClientConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// TLS to the brokers. Their certificates are always verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KafkaTls {
    /// The authorities that a broker's certificate must come from: a PEM file. By default those
    /// that the system trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The certificate to show to brokers that ask for one: a PEM file with the chain. It needs
    /// `key_file` too; by default none is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<PathBuf>,
    /// The private key of that certificate: a PEM file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// The password of the private key, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_password: Option<Secret>,
    /// Whether a broker's certificate must also name the host that is connected to. Default true.
    #[serde(default = "default_verify_hostname")]
    pub verify_hostname: bool,
}

fn default_verify_hostname() -> bool {
    true
}

impl KafkaTls {
    /// What can be found wrong without reading a file.
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        match (&self.cert_file, &self.key_file) {
            (Some(_), None) => {
                problems.push(Problem::at("tls.cert_file", "`cert_file` needs a `key_file`"));
            }
            (None, Some(_)) => {
                problems.push(Problem::at("tls.key_file", "`key_file` needs a `cert_file`"));
            }
            _ => {}
        }
        if self.key_password.is_some() && self.key_file.is_none() {
            problems.push(Problem::at("tls.key_password", "`key_password` needs a `key_file`"));
        }
        problems
    }

    pub(super) fn apply(&self, base: &Path, config: &mut ClientConfig) {
        let files = [
            ("ssl.ca.location", &self.ca_file),
            ("ssl.certificate.location", &self.cert_file),
            ("ssl.key.location", &self.key_file),
        ];
        for (name, file) in files {
            if let Some(file) = file {
                config.set(name, base.join(file).to_string_lossy());
            }
        }
        if let Some(password) = &self.key_password {
            config.set("ssl.key.password", password.reveal());
        }
        let verified = if self.verify_hostname { "https" } else { "none" };
        config.set("ssl.endpoint.identification.algorithm", verified);
    }
}
