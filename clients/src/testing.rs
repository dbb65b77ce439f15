//! Certificates for tests: an authority, and what it issues, as PEM files in a folder.

use std::io;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use tempfile::TempDir;

use crate::tls::{ClientTls, ServerTls, TlsVersion};

/// An authority with one certificate for a server (`localhost`, `127.0.0.1` to `127.0.0.3`) and one
/// for a client, named `server` and `client`, all in a folder that goes when this does.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
}

impl Authority {
    /// Issues everything anew.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn new() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, "Test Authority");
        let authority = CertifiedIssuer::self_signed(params, key).map_err(io::Error::other)?;
        std::fs::write(folder.path().join("ca.pem"), authority.pem())?;
        for (name, usage) in [
            ("server", ExtendedKeyUsagePurpose::ServerAuth),
            ("client", ExtendedKeyUsagePurpose::ClientAuth),
        ] {
            let names = ["localhost", "127.0.0.1", "127.0.0.2", "127.0.0.3"];
            let key = KeyPair::generate().map_err(io::Error::other)?;
            let mut params = CertificateParams::new(names.map(str::to_owned).to_vec())
                .map_err(io::Error::other)?;
            params.distinguished_name.push(DnType::CommonName, name);
            params.extended_key_usages = vec![usage];
            let certificate = params.signed_by(&key, &authority).map_err(io::Error::other)?;
            std::fs::write(folder.path().join(format!("{name}.pem")), certificate.pem())?;
            std::fs::write(folder.path().join(format!("{name}.key")), key.serialize_pem())?;
        }
        Ok(Self { folder })
    }

    /// The folder with `ca.pem`, `server.pem`, `server.key`, `client.pem` and `client.key`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The full path of one of the files.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A server with this authority's certificate, which asks clients for none.
    #[must_use]
    pub fn server(&self) -> ServerTls {
        ServerTls {
            cert_file: self.file("server.pem"),
            key_file: self.file("server.key"),
            client_ca_file: None,
            min_version: TlsVersion::default(),
            max_version: TlsVersion::V1_3,
        }
    }

    /// A client that trusts this authority, and shows no certificate.
    #[must_use]
    pub fn client(&self) -> ClientTls {
        ClientTls {
            ca_file: self.file("ca.pem"),
            cert_file: None,
            key_file: None,
            server_name: None,
            min_version: TlsVersion::default(),
        }
    }

    /// A client that trusts this authority, and shows a certificate of `other`.
    #[must_use]
    pub fn client_of(&self, other: &Self) -> ClientTls {
        ClientTls {
            cert_file: Some(other.file("client.pem")),
            key_file: Some(other.file("client.key")),
            ..self.client()
        }
    }

    /// The option `tls` of a server with this authority's certificate, as a line of TOML.
    #[must_use]
    pub fn server_option(&self) -> String {
        let (certificate, key) = (self.file("server.pem"), self.file("server.key"));
        format!("tls = {{ cert_file = {certificate:?}, key_file = {key:?} }}")
    }

    /// The same for a server that asks clients for a certificate of this authority.
    #[must_use]
    pub fn asking_server_option(&self) -> String {
        let option = self.server_option();
        let whole = option.trim_end_matches(" }");
        format!("{whole}, client_ca_file = {:?} }}", self.file("ca.pem"))
    }
}
