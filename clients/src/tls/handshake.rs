//! The beginning of a connection, within a bound.

use std::io;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

/// The longest wait for a handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// Shakes hands with whoever connected.
///
/// # Errors
/// They do not agree, or it takes longer than 10 s.
pub async fn accept<S>(tls: &TlsAcceptor, stream: S) -> io::Result<server::TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    timeout(PATIENCE, tls.accept(stream)).await.map_err(|_| late())?
}

/// Shakes hands with a server that has to prove its name.
///
/// # Errors
/// They do not agree, or it takes longer than 10 s.
pub async fn connect<S>(
    tls: &TlsConnector,
    name: ServerName<'static>,
    stream: S,
) -> io::Result<client::TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    timeout(PATIENCE, tls.connect(name, stream)).await.map_err(|_| late())?
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long")
}
