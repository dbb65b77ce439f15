//! Connections, from the door to the end of the last.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use forebay_core::traffic::Traffic;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How long to let things settle when a connection cannot be accepted: mostly the process has no
/// file descriptors left, and the next attempt would fail as quickly.
const PAUSE: Duration = Duration::from_millis(100);

/// Where connections come from.
pub trait Incoming: Send + Sync {
    /// A connection, before anything is read from it.
    type Connection: Send + 'static;

    /// The next connection, and who is at its other end. It may be dropped, and loses none then.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Connection, Arc<str>)>> + Send;
}

impl Incoming for TcpListener {
    type Connection = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, Arc<str>)> {
        let (stream, peer) = Self::accept(self).await?;
        Ok((stream, peer.to_string().into()))
    }
}

/// Who is let in, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Admission<'a> {
    /// How many connections may be open; further ones are closed at once.
    pub max_connections: usize,
    /// Where connections are counted, but for how many are open.
    pub traffic: &'a Traffic,
    /// Ends it all.
    pub stop: &'a CancellationToken,
}

/// Accepts connections until it is stopped, and has each served in a task of its own; then waits
/// for them to end, which is theirs to hasten.
pub async fn serve<I, F>(
    incoming: I,
    admission: Admission<'_>,
    mut served: impl FnMut(I::Connection, Arc<str>) -> F,
) where
    I: Incoming,
    F: Future<Output = ()> + Send + 'static,
{
    let Admission { max_connections, traffic, stop } = admission;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = connections.join_next() => note(ended),
            accepted = incoming.accept() => match accepted {
                Ok((connection, peer)) if connections.len() < max_connections => {
                    traffic.connected();
                    connections.spawn(served(connection, peer));
                }
                Ok((_, peer)) => {
                    traffic.refused();
                    traffic.set_error(format_args!("{peer}: too many connections"));
                }
                Err(error) => {
                    traffic.set_error(format_args!("cannot accept: {error}"));
                    tracing::warn!("cannot accept a connection: {error}");
                    sleep(PAUSE).await;
                }
            }
        }
    }
    drop(incoming);
    while let Some(ended) = connections.join_next().await {
        note(ended);
    }
}

fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!("a connection ended badly: {error}");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use serde_json::json;
    use tokio::sync::mpsc;

    use super::*;

    /// Connections that are numbers; -1 is one that cannot be accepted.
    struct Numbers(tokio::sync::Mutex<mpsc::Receiver<i64>>);

    impl Incoming for Numbers {
        type Connection = i64;

        async fn accept(&self) -> io::Result<(i64, Arc<str>)> {
            match self.0.lock().await.recv().await {
                Some(-1) => Err(io::Error::other("too many open files")),
                Some(number) => Ok((number, Arc::from("peer"))),
                None => std::future::pending().await,
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_are_let_in_and_the_last_is_waited_for() {
        let (traffic, stop) = (Traffic::default(), CancellationToken::new());
        let (sender, numbers) = mpsc::channel(8);
        let (go, ended) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
        for number in [-1, 0, 1, 2] {
            sender.send(number).await.unwrap();
        }
        let admission = Admission { max_connections: 2, traffic: &traffic, stop: &stop };
        let serving = serve(Numbers(numbers.into()), admission, |_, _| {
            let (go, ended) = (go.clone(), Arc::clone(&ended));
            async move {
                go.cancelled().await;
                ended.fetch_add(1, Relaxed);
            }
        });
        let stopping = async {
            while traffic.observe()["connections"]["refused"] == 0 {
                sleep(PAUSE).await;
            }
            stop.cancel();
            sleep(PAUSE).await;
            go.cancel();
        };
        tokio::join!(serving, stopping);
        assert_eq!(ended.load(Relaxed), 2);
        let seen = traffic.observe();
        assert_eq!(seen["connections"], json!({ "open": 0, "total": 2, "refused": 1 }));
        assert_eq!(seen["last_error"], "peer: too many connections");
    }
}
