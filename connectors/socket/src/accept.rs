//! Accepting connections.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use forebay_clients::listener::{self, Admission, Incoming};
use forebay_clients::tls::handshake;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_rustls::TlsAcceptor;

use crate::config::{Framing, SocketConfig};
use crate::connection::{Connection, Ending};
use crate::deliver::Delivery;
use crate::stream::{Stream, unix_peer};

/// What is listened on.
pub(crate) enum Listener {
    Tcp(TcpListener, Option<TlsAcceptor>),
    Unix(UnixListener),
}

/// A connection before its handshake.
pub(crate) enum Accepted {
    Tcp(TcpStream, Option<TlsAcceptor>),
    Unix(UnixStream),
}

impl Incoming for Listener {
    type Connection = Accepted;

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
            Self::Tcp(stream, Some(tls)) => Ok(Box::new(handshake::accept(&tls, stream).await?)),
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
    let state = Arc::clone(&delivery.state);
    let stop = delivery.stop.clone();
    let admission =
        Admission { max_connections: config.max_connections, traffic: &state.traffic, stop: &stop };
    let served = |accepted, peer| {
        let delivery = Delivery { peer, ..delivery.clone() };
        connection(accepted, Arc::clone(&config), framing, delivery)
    };
    listener::serve(listener, admission, served).await;
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
