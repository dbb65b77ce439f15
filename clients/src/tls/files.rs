//! Reading PEM files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{InconsistentKeys, RootCertStore};

use super::error::TlsError;

/// The largest PEM file that is read. The public authorities of a system have some 250 KiB.
const MAX_FILE_BYTES: u64 = 8 << 20;

/// The cryptography that all connections use.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// A certificate chain with its key, and where they came from.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    cert_file: PathBuf,
    key_file: PathBuf,
}

impl Identity {
    /// Reads both files, relative to `base`.
    pub(super) fn read(base: &Path, cert_file: &Path, key_file: &Path) -> Result<Self, TlsError> {
        let cert_file = base.join(cert_file);
        let key_file = base.join(key_file);
        let chain = certificates(&cert_file)?;
        let key = match PrivateKeyDer::from_pem_slice(&read(&key_file)?) {
            Ok(key) => key,
            Err(pem::Error::NoItemsFound) => return Err(TlsError::NoKey { file: key_file }),
            Err(error) => return Err(broken(&key_file, &error)),
        };
        Ok(Self { chain, key, cert_file, key_file })
    }

    /// What it means that rustls did not want this identity.
    pub(super) fn refused(
        cert_file: PathBuf,
        key_file: PathBuf,
        error: &rustls::Error,
    ) -> TlsError {
        match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::Mismatch { cert_file, key_file }
            }
            rustls::Error::InvalidCertificate(_) => {
                TlsError::Unusable { file: cert_file, reason: error.to_string() }
            }
            _ => TlsError::Unusable { file: key_file, reason: error.to_string() },
        }
    }

    /// The files, for [`refused`](Self::refused) when the rest has been moved out.
    pub(super) fn files(&self) -> (PathBuf, PathBuf) {
        (self.cert_file.clone(), self.key_file.clone())
    }
}

/// The authorities in a file, as roots of trust.
pub(super) fn authorities(file: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|error| TlsError::Unusable {
            file: file.to_owned(),
            reason: error.to_string(),
        })?;
    }
    Ok(roots)
}

/// All certificates in a file, in its order; at least one.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(file)?;
    let certificates = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| broken(file, &error))?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate { file: file.to_owned() });
    }
    Ok(certificates)
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    let wrong = |source| TlsError::Read { file: file.to_owned(), source };
    let size = std::fs::metadata(file).map_err(wrong)?.len();
    if size > MAX_FILE_BYTES {
        let reason = format!("{size} bytes are more than the {MAX_FILE_BYTES} that are read");
        return Err(TlsError::Unusable { file: file.to_owned(), reason });
    }
    std::fs::read(file).map_err(wrong)
}

fn broken(file: &Path, error: &pem::Error) -> TlsError {
    let reason = match error {
        pem::Error::MissingSectionEnd { end_marker } => {
            let label = String::from_utf8_lossy(end_marker);
            format!("the line `-----END {}-----` is missing", label.trim())
        }
        other => other.to_string(),
    };
    TlsError::BrokenPem { file: file.to_owned(), reason }
}
