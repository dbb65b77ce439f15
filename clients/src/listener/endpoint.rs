//! Where to listen.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use forebay_core::probe::{Halted, Obstacle, Probed};
use forebay_core::receiver::ReceiverError;
use rustix::net::sockopt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::address::HostPort;
use crate::probe::may_listen;
use crate::tls::ServerTls;

/// A TCP address to listen on, and the TLS that is spoken there.
#[derive(Clone, Debug)]
pub struct Endpoint {
    at: HostPort,
    tls: Option<ServerTls>,
    /// Where relative paths of its files begin.
    base: PathBuf,
    receive_buffer: Option<usize>,
    was_open: bool,
}

/// An endpoint that is listened on.
pub struct Open {
    /// Gives its connections.
    pub listener: TcpListener,
    /// What each of them has to begin with.
    pub tls: Option<TlsAcceptor>,
    /// The address that was taken, with its port.
    pub local: SocketAddr,
}

impl Endpoint {
    /// An address to listen on. Files are read relative to `base`, each time that it is opened.
    #[must_use]
    pub fn new(at: HostPort, tls: Option<ServerTls>, base: &Path) -> Self {
        Self { at, tls, base: base.to_owned(), receive_buffer: None, was_open: false }
    }

    /// The same, with the kernel's receive buffer of each connection in bytes.
    #[must_use]
    pub fn receive_buffer(self, bytes: Option<usize>) -> Self {
        Self { receive_buffer: bytes, ..self }
    }

    /// The same, which was open before if `was_open`: then certificates that cannot be read may be
    /// half-renewed.
    #[must_use]
    pub fn opened_before(self, was_open: bool) -> Self {
        Self { was_open, ..self }
    }

    /// Reads the certificate and its key, and takes the address.
    ///
    /// # Errors
    /// Fatal if a person has to mend it: files that cannot be used when it is opened for the first
    /// time, an address that is not for us. Else it may work later.
    pub async fn open(&mut self) -> Result<Open, ReceiverError> {
        let tls = self.tls.as_ref().map(|tls| tls.acceptor(&self.base)).transpose();
        let tls = tls.map_err(|error| match self.was_open {
            false => ReceiverError::Fatal(error.to_string()),
            true => ReceiverError::Transient(error.to_string()),
        })?;
        let taken = self.take().await;
        let (listener, local) = taken.map_err(|error| refused(&self.at, &error))?;
        self.was_open = true;
        Ok(Open { listener, tls, local })
    }

    /// Connections inherit the options of the socket that accepts them.
    async fn take(&self) -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind((self.at.host.as_str(), self.at.port)).await?;
        // A peer that is gone without a word is noticed although nothing has to be sent to it.
        sockopt::set_socket_keepalive(&listener, true)?;
        if let Some(bytes) = self.receive_buffer {
            sockopt::set_socket_recv_buffer_size(&listener, bytes)?;
        }
        let local = listener.local_addr()?;
        Ok((listener, local))
    }

    /// Reads the files (step `tls`, if there are some), then takes the address and gives it back
    /// (step `listen`).
    ///
    /// # Errors
    /// One of them cannot be had.
    pub async fn probe(&self, probed: &mut Probed) -> Result<(), Halted> {
        if let Some(tls) = &self.tls {
            let loaded =
                tls.acceptor(&self.base).map(|_| "the certificate and its key fit".to_owned());
            let help = "mend the paths of the certificate and its key";
            probed.step("tls", loaded.map_err(|error| Obstacle::new(error, help)))?;
        }
        may_listen(probed, &self.at).await
    }
}

/// What it means that the system refused an address to listen on.
#[must_use]
pub fn refused(address: &impl fmt::Display, error: &io::Error) -> ReceiverError {
    let text = format!("cannot listen on {address}: {error}");
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::AlreadyExists => {
            ReceiverError::Fatal(text)
        }
        _ => ReceiverError::Transient(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Authority;

    #[tokio::test]
    async fn an_address_that_is_taken_may_be_free_later() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let at = address.to_string().parse().unwrap();
        let mut endpoint = Endpoint::new(at, None, Path::new("")).receive_buffer(Some(4096));
        let mut probed = Probed::default();
        assert!(endpoint.probe(&mut probed).await.is_err());
        let error = endpoint.open().await.err().unwrap();
        assert!(matches!(&error, ReceiverError::Transient(text) if text.contains("in use")));
        drop(taken);
        assert_eq!(endpoint.open().await.unwrap().local, address);
        assert!(endpoint.probe(&mut probed).await.is_ok());
    }

    #[tokio::test]
    async fn certificates_that_were_good_once_may_be_half_renewed() {
        let (authority, other) = (Authority::new().unwrap(), Authority::new().unwrap());
        let at: HostPort = "127.0.0.1:0".parse().unwrap();
        let mut endpoint =
            Endpoint::new(at.clone(), Some(authority.server()), Path::new("/nonexistent"));
        let mut never = endpoint.clone();
        assert!(endpoint.open().await.unwrap().tls.is_some());
        std::fs::copy(other.file("server.key"), authority.file("server.key")).unwrap();
        let mut probed = Probed::default();
        assert!(endpoint.probe(&mut probed).await.is_err());
        assert_eq!(probed.steps()[0].name, "tls");
        let transient = endpoint.open().await.err().unwrap();
        assert!(matches!(&transient, ReceiverError::Transient(text) if text.contains("not match")));
        assert!(matches!(never.open().await, Err(ReceiverError::Fatal(_))));
    }
}
