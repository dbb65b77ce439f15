//! Connections: accepting them, serving each, and stopping.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use forebay_clients::listener::{self, Admission, Open};
use forebay_clients::tls::handshake;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::service::Service;
use crate::stall::Stall;

/// The longest wait for a peer to read its answers.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest head of a request; a larger one is answered with 431.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// Accepts and serves until the service is told to stop, then waits for the requests under way.
pub(crate) async fn serve(open: Open, service: Arc<Service>) {
    let Open { listener, tls, .. } = open;
    let admission = Admission {
        max_connections: service.config().max_connections,
        traffic: &service.state().traffic,
        stop: service.stop(),
    };
    let served = |stream, peer| connection(stream, peer, tls.clone(), Arc::clone(&service));
    listener::serve(listener, admission, served).await;
}

/// Serves one connection to its end.
async fn connection(
    stream: TcpStream,
    peer: Arc<str>,
    tls: Option<TlsAcceptor>,
    service: Arc<Service>,
) {
    let _open = service.state().traffic.open();
    let served = async {
        stream.set_nodelay(true)?;
        match tls {
            None => requests(stream, &peer, &service).await,
            Some(tls) => {
                let stream = tokio::select! {
                    () = service.stop().cancelled() => return Ok(()),
                    stream = handshake::accept(&tls, stream) => stream,
                };
                requests(stream?, &peer, &service).await
            }
        }
    };
    if let Err(error) = served.await {
        service.state().traffic.set_error(format_args!("{peer}: {error}"));
        tracing::debug!(%peer, "the connection broke: {error}");
    }
}

/// Serves the requests on a connection, one after the other. When the service is told to stop,
/// the one under way is finished.
async fn requests<S>(stream: S, peer: &Arc<str>, service: &Arc<Service>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let answers = service_fn(|request| async move {
        Ok::<_, std::convert::Infallible>(service.answer(peer, request).await)
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(service.config().header_timeout.0)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(Stall::new(stream, WRITE_TIMEOUT)), answers)
    );
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = service.stop().cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    served.map_err(io::Error::other)
}
