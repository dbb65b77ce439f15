//! Accepting connections.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::config::{Framing, SocketConfig};
use crate::connection::{Connection, Ending};
use crate::deliver::Delivery;
use crate::stream::{Stream, unix_peer};

/// The longest wait for a TLS handshake.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to let things settle when a connection cannot be accepted: mostly the process has no
/// file descriptors left, and the next attempt would fail as quickly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What is listened on.
pub(crate) enum Listener {
    Tcp(TcpListener, Option<TlsAcceptor>),
    Unix(UnixListener),
}

/// A connection before its handshake.
enum Accepted {
    Tcp(TcpStream, Option<TlsAcceptor>),
    Unix(UnixStream),
}

impl Listener {
    async fn accept(&self) -> io::Result<(Accepted, Arc<str>)> {
        match self {
            Self::Tcp(listener, tls) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Accepted::Tcp(stream, tls.clone()), peer.to_string().into()))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                let peer = unix_peer(&stream);
                Ok((Accepted::Unix(stream), peer))
            }
        }
    }
}

impl Accepted {
    async fn open(self) -> io::Result<Stream> {
        match self {
            Self::Tcp(stream, None) => Ok(Box::new(stream)),
            Self::Tcp(stream, Some(tls)) => {
                let late =
                    || io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long");
                let stream = timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await;
                Ok(Box::new(stream.map_err(|_| late())??))
            }
            Self::Unix(stream) => Ok(Box::new(stream)),
        }
    }
}

/// Accepts and serves connections until the run is stopped, and waits for them to end. `delivery`
/// is what each of them gets, with its own peer.
pub(crate) async fn serve(
    listener: Listener,
    config: Arc<SocketConfig>,
    framing: Framing,
    delivery: Delivery,
) {
    let mut connections = JoinSet::new();
    let state = Arc::clone(&delivery.state);
    loop {
        tokio::select! {
            () = delivery.stop.cancelled() => break,
            Some(ended) = connections.join_next() => note(ended),
            accepted = listener.accept() => match accepted {
                Ok((accepted, peer)) if connections.len() < config.max_connections => {
                    let delivery = Delivery { peer, ..delivery.clone() };
                    connections.spawn(connection(accepted, Arc::clone(&config), framing, delivery));
                }
                Ok((_, peer)) => {
                    state.traffic.refused();
                    state.traffic.set_error(format_args!("{peer}: too many connections"));
                }
                Err(error) => {
                    state.traffic.set_error(format_args!("cannot accept: {error}"));
                    tracing::warn!("cannot accept a connection: {error}");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        note(ended);
    }
}

fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!("a connection ended badly: {error}");
    }
}

/// Serves one connection to its end.
async fn connection(
    accepted: Accepted,
    config: Arc<SocketConfig>,
    framing: Framing,
    delivery: Delivery,
) {
    let state = Arc::clone(&delivery.state);
    let peer = Arc::clone(&delivery.peer);
    state.traffic.connected();
    let _open = state.traffic.open();
    let opened = tokio::select! {
        () = delivery.stop.cancelled() => return,
        opened = accepted.open() => opened,
    };
    let ending = match opened {
        Ok(stream) => Connection::new(stream, &config, framing, delivery).run().await,
        Err(error) => Ending::Broken(error),
    };
    match &ending {
        Ending::Closed | Ending::Stopped => {}
        Ending::Idle(_) => {
            state.idle.fetch_add(1, Relaxed);
        }
        Ending::Oversize | Ending::Broken(_) | Ending::Undelivered(_) => {
            state.traffic.set_error(format_args!("{peer}: {ending}"));
        }
    }
    tracing::debug!(%peer, "the connection ended: {ending}");
}
