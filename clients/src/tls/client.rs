//! The end that connects.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use forebay_core::component::Problem;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_rustls::TlsConnector;

use super::error::TlsError;
use super::files::{Identity, authorities, provider};
use super::version::TlsVersion;

/// TLS for connections that are opened. The server's certificate is always verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientTls {
    /// The authorities that the server's certificate must come from: a PEM file. Most Linux
    /// systems have the public ones in `/etc/ssl/certs/ca-certificates.crt`.
    pub ca_file: PathBuf,
    /// The certificate to show to a server that asks for one: a PEM file with the chain. It needs
    /// `key_file` too; by default none is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<PathBuf>,
    /// The private key of that certificate: a PEM file, not encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// The name that the server's certificate must be issued for; by default the host that is
    /// connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// The oldest version of TLS that is spoken: `"1.2"` (the default) or `"1.3"`.
    #[serde(default)]
    pub min_version: TlsVersion,
}

impl ClientTls {
    /// What can be found wrong without reading a file; paths begin in this table.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        match (&self.cert_file, &self.key_file) {
            (Some(_), None) => {
                problems.push(Problem::at("cert_file", "`cert_file` needs a `key_file`"));
            }
            (None, Some(_)) => {
                problems.push(Problem::at("key_file", "`key_file` needs a `cert_file`"));
            }
            _ => {}
        }
        if let Some(Err(error)) = self.server_name.as_deref().map(server_name) {
            problems.push(Problem::at("server_name", error.to_string()));
        }
        problems
    }

    /// Reads the files, relative to `base`, and makes what opens connections with them.
    ///
    /// # Errors
    /// Names the file and what is wrong with it.
    pub fn connector(&self, base: &Path) -> Result<TlsConnector, TlsError> {
        let roots = authorities(&base.join(&self.ca_file))?;
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(self.min_version.and_later())
            .map_err(|error| TlsError::Options(error.to_string()))?
            .with_root_certificates(roots);
        let config = match (&self.cert_file, &self.key_file) {
            (None, None) => builder.with_no_client_auth(),
            (Some(cert_file), Some(key_file)) => {
                let identity = Identity::read(base, cert_file, key_file)?;
                let (cert_file, key_file) = identity.files();
                builder
                    .with_client_auth_cert(identity.chain, identity.key)
                    .map_err(|error| Identity::refused(cert_file, key_file, &error))?
            }
            _ => {
                let text = "`cert_file` and `key_file` belong together";
                return Err(TlsError::Options(text.to_owned()));
            }
        };
        Ok(TlsConnector::from(Arc::new(config)))
    }

    /// The name that the server has to prove, when `host` is connected to.
    ///
    /// # Errors
    /// It is no name that a certificate could be issued for.
    pub fn server_name(&self, host: &str) -> Result<ServerName<'static>, TlsError> {
        server_name(self.server_name.as_deref().unwrap_or(host))
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    // An IPv6 address stands in brackets where a port follows, but not in a certificate.
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    ServerName::try_from(bare.to_owned())
        .map_err(|_| TlsError::ServerName { name: name.to_owned() })
}
