//! Connections: accepting them, serving each, and stopping.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How many connections may be open; more are closed at once.
const MAX_CONNECTIONS: usize = 128;

/// The longest wait for the head of a request, the first or the next.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection may live, so that peers who do not read what they asked for cannot keep
/// all of them. A browser opens its stream of events anew by itself.
const MAX_AGE: Duration = Duration::from_secs(300);

/// How long the answer under way may take when a connection is to close.
const GOODBYE: Duration = Duration::from_secs(2);

/// The largest head of a request, and the most of an answer that is written ahead, in bytes.
const BUFFER_BYTES: usize = 32 << 10;

/// How long to let things settle when a connection cannot be accepted: mostly the process has no
/// file descriptors left, and the next attempt would fail as quickly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts and serves until it is told to stop, then waits for the answers under way.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = connections.join_next() => note(ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < MAX_CONNECTIONS => {
                    connections.spawn(connection(stream, router.clone(), stop.clone()));
                }
                Ok((_, peer)) => {
                    tracing::warn!(%peer, "too many connections to the admin address");
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection to the admin address was not accepted");
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

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection to the admin address broke down");
    }
}

async fn connection(stream: TcpStream, router: Router, stop: CancellationToken) {
    // Without it answers are a little late, and whole nevertheless.
    let _ = stream.set_nodelay(true);
    let answers = TowerToHyperService::new(router);
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(TokioIo::new(stream), answers)
    );
    let served = tokio::select! {
        served = connection.as_mut() => Ok(served),
        () = until_close(&stop) => {
            connection.as_mut().graceful_shutdown();
            timeout(GOODBYE, connection).await
        }
    };
    if let Ok(Err(error)) = served {
        tracing::debug!(%error, "a connection to the admin address broke");
    }
}

async fn until_close(stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = sleep(MAX_AGE) => {}
    }
}
