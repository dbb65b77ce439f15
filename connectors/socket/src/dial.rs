//! Connecting to a server.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use forebay_clients::address::HostPort;
use forebay_clients::tls::handshake;
use forebay_core::receiver::ReceiverError;
use rustix::net::sockopt;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::config::{Framing, SocketConfig};
use crate::connection::{Connection, Ending};
use crate::deliver::Delivery;
use crate::stream::Stream;

/// The longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Connects by TCP, with TLS if it is wanted.
pub(crate) async fn tcp(
    address: &HostPort,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    receive_buffer: Option<usize>,
) -> io::Result<Stream> {
    let connecting = TcpStream::connect((address.host.as_str(), address.port));
    let stream = timeout(CONNECT_TIMEOUT, connecting).await.map_err(|_| late())??;
    stream.set_nodelay(true)?;
    // A server that is gone without a word is noticed although nothing is ever sent to it.
    sockopt::set_socket_keepalive(&stream, true)?;
    if let Some(bytes) = receive_buffer {
        sockopt::set_socket_recv_buffer_size(&stream, bytes)?;
    }
    match tls {
        None => Ok(Box::new(stream)),
        Some((tls, name)) => Ok(Box::new(handshake::connect(&tls, name, stream).await?)),
    }
}

/// Connects to a unix socket.
pub(crate) async fn unix(path: &Path) -> io::Result<Stream> {
    let stream = timeout(CONNECT_TIMEOUT, UnixStream::connect(path)).await;
    Ok(Box::new(stream.map_err(|_| late())??))
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the connection took too long")
}

/// Takes what the server sends, until it ends. Only a stop is no reason to connect again.
pub(crate) async fn serve(
    stream: Stream,
    config: &SocketConfig,
    framing: Framing,
    delivery: Delivery,
) -> Result<(), ReceiverError> {
    let state = Arc::clone(&delivery.state);
    let peer = Arc::clone(&delivery.peer);
    state.traffic.connected();
    let _open = state.traffic.open();
    match Connection::new(stream, config, framing, delivery).run().await {
        Ending::Stopped => Ok(()),
        ending => {
            if matches!(ending, Ending::Idle(_)) {
                state.idle.fetch_add(1, Relaxed);
            }
            let text = format!("{peer}: {ending}");
            state.traffic.set_error(&text);
            Err(ReceiverError::Transient(text))
        }
    }
}
