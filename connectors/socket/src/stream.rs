//! Streams of all kinds as one.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;

/// What a stream can do.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// A stream of bytes both ways: TCP, TLS or unix.
pub(crate) type Stream = Box<dyn Duplex>;

/// Who is at the other end of a unix socket.
pub(crate) fn unix_peer(stream: &UnixStream) -> Arc<str> {
    match stream.peer_cred() {
        Ok(peer) => {
            let pid = peer.pid().map(|pid| format!(",pid={pid}")).unwrap_or_default();
            format!("unix:uid={}{pid}", peer.uid()).into()
        }
        Err(_) => Arc::from("unix"),
    }
}
