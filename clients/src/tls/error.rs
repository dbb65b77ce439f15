//! What can be wrong with certificates and keys.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why no TLS could be made of the options. Each names the file, and a person has to mend it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The file is not there, or not for us.
    #[error("cannot read `{}`: {source}", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is text with a PEM section that is broken.
    #[error("`{}` is broken PEM: {reason}", .file.display())]
    BrokenPem {
        /// The file.
        file: PathBuf,
        /// Where it breaks.
        reason: String,
    },
    /// The file has no certificate in it.
    #[error("`{}` has no certificate: a PEM file with `-----BEGIN CERTIFICATE-----` is wanted", .file.display())]
    NoCertificate {
        /// The file.
        file: PathBuf,
    },
    /// The file has no private key in it.
    #[error("`{}` has no private key: a PEM file with `-----BEGIN PRIVATE KEY-----`, not encrypted, is wanted", .file.display())]
    NoKey {
        /// The file.
        file: PathBuf,
    },
    /// The key belongs to another certificate.
    #[error("the key in `{}` does not match the certificate in `{}`", .key_file.display(), .cert_file.display())]
    Mismatch {
        /// The file of the certificate.
        cert_file: PathBuf,
        /// The file of the key.
        key_file: PathBuf,
    },
    /// Well-formed PEM, but not usable.
    #[error("`{}` cannot be used: {reason}", .file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The name of the server is neither a host name nor an address.
    #[error(
        "`{name}` is neither a host name nor an IP address, which a certificate could be issued for"
    )]
    ServerName {
        /// The name.
        name: String,
    },
    /// The options contradict each other.
    #[error("the TLS options cannot be used: {0}")]
    Options(String),
}
