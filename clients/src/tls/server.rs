//! The end that is connected to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use forebay_core::component::Problem;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_rustls::TlsAcceptor;

use super::error::TlsError;
use super::files::{Identity, authorities, provider};
use super::version::TlsVersion;

/// TLS for connections that are accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerTls {
    /// The certificate of this server: a PEM file with the chain, its own certificate first.
    pub cert_file: PathBuf,
    /// The private key of that certificate: a PEM file, not encrypted.
    pub key_file: PathBuf,
    /// The authorities that client certificates must come from: a PEM file. If it is given, a
    /// client without such a certificate is turned away; by default none is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ca_file: Option<PathBuf>,
    /// The oldest version of TLS that is spoken: `"1.2"` (the default) or `"1.3"`.
    #[serde(default)]
    pub min_version: TlsVersion,
    /// The newest version of TLS that is spoken: `"1.2"` or `"1.3"` (the default). For clients that
    /// offer 1.3 and break with it, such as Flume up to 1.9.
    #[serde(default = "newest")]
    pub max_version: TlsVersion,
}

fn newest() -> TlsVersion {
    TlsVersion::V1_3
}

impl ServerTls {
    /// What can be found wrong without reading a file; paths begin in this table.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.max_version < self.min_version {
            let text = "`max_version` is older than `min_version`";
            problems.push(Problem::at("max_version", text));
        }
        problems
    }

    /// Reads the files, relative to `base`, and makes what accepts connections with them.
    ///
    /// # Errors
    /// Names the file and what is wrong with it.
    pub fn acceptor(&self, base: &Path) -> Result<TlsAcceptor, TlsError> {
        self.config(base).map(|config| TlsAcceptor::from(Arc::new(config)))
    }

    fn config(&self, base: &Path) -> Result<ServerConfig, TlsError> {
        let identity = Identity::read(base, &self.cert_file, &self.key_file)?;
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(self.min_version.up_to(self.max_version))
            .map_err(|error| TlsError::Options(error.to_string()))?;
        let builder = match &self.client_ca_file {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let file = base.join(file);
                let roots = Arc::new(authorities(&file)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
                    .build()
                    .map_err(|error| TlsError::Unusable { file, reason: error.to_string() })?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let (cert_file, key_file) = identity.files();
        builder
            .with_single_cert(identity.chain, identity.key)
            .map_err(|error| Identity::refused(cert_file, key_file, &error))
    }
}
