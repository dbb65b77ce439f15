//! One connection to one sink, made again and again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use forebay_clients::address::HostPort;
use forebay_core::backoff::Backoff;
use forebay_core::traffic::Counted;
use rustix::net::sockopt;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::delivery::{Delivery, Undelivered};
use crate::rpc::{CallError, Client, Protocol};
use crate::wire::put_long;

use super::batch::Batch;
use super::state::PullState;

/// The longest wait for a connection, and for the answer to an acknowledgement.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Between attempts when a sink cannot be reached or has an error, and before the next poll when
/// there was no room for a batch.
const PAUSES: Backoff =
    Backoff { initial: Duration::from_millis(100), max: Duration::from_secs(5), jitter: 0.5 };

/// When a quiet connection is asked whether it is still there, how often, and how many times. A poll
/// may wait for days, so this is all that tells a quiet sink from one that is gone.
const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(30), Duration::from_secs(10), 3);

/// One connection to one sink, made again and again. It polls, stores, and acknowledges, strictly
/// one after the other: an acknowledgement behind a waiting poll would wait with it.
pub(crate) struct Poller {
    pub(crate) address: HostPort,
    /// The most events that are asked for.
    pub(crate) events: u32,
    pub(crate) max_frame: usize,
    /// How long the sink waits for an acknowledgement.
    pub(crate) sink_timeout: Duration,
    pub(crate) state: Arc<PullState>,
    pub(crate) delivery: Delivery,
}

/// Why no more batches come from a connection.
#[derive(Debug, Error)]
enum Trouble {
    #[error("cannot connect to it: {0}")]
    Connect(io::Error),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("it does not answer within {} s", PATIENCE.as_secs())]
    Silent,
    #[error("{0}")]
    Batch(String),
    /// The batch was given back; the connection is as good as before.
    #[error("a batch was given back: {0}")]
    GivenBack(Undelivered),
    #[error("stopped")]
    Stopped,
}

impl Poller {
    /// Polls until the run is stopped.
    pub(crate) async fn run(self) {
        let mut failures = 0;
        while !self.delivery.stop.is_cancelled() {
            let mut client = None;
            let trouble = loop {
                match self.round(&mut client).await {
                    Ok(()) => failures = 0,
                    Err(trouble @ (Trouble::GivenBack(_) | Trouble::Batch(_))) => {
                        self.pause(&trouble, &mut failures).await;
                    }
                    Err(trouble) => break trouble,
                }
            };
            if matches!(trouble, Trouble::Stopped) {
                return;
            }
            drop(client);
            self.pause(&trouble, &mut failures).await;
        }
    }

    async fn pause(&self, trouble: &Trouble, failures: &mut u32) {
        *failures += 1;
        let pause = PAUSES.pause(*failures, fastrand::f64());
        let text = format!("{}: {trouble}", self.address);
        if *failures == 1 {
            tracing::warn!("{text}");
        }
        self.state.shared.traffic.set_error(text);
        tokio::select! {
            () = self.delivery.stop.cancelled() => {}
            () = sleep(pause) => {}
        }
    }

    /// Connects if need be, and brings one batch.
    async fn round<'a>(&'a self, client: &mut Option<Connected<'a>>) -> Result<(), Trouble> {
        let shared = &self.state.shared;
        let stopped = self.delivery.stop.cancelled();
        let polling = async {
            if client.is_none() {
                *client = Some(self.connect().await?);
                shared.traffic.connected();
            }
            let Some(client) = client else { return Err(Trouble::Stopped) };
            let _waiting = Counted::new(&self.state.waiting);
            let mut parameters = Vec::new();
            put_long(&mut parameters, i64::from(self.events));
            let outcome = client.calls.call("getEventBatch", &parameters).await;
            if outcome.is_err() {
                shared.errors.fetch_add(1, Relaxed);
            }
            Ok(outcome?)
        };
        let outcome = tokio::select! {
            biased;
            () = stopped => return Err(Trouble::Stopped),
            polled = polling => polled?,
        };
        let begun = Instant::now();
        let batch = Batch::read(&outcome).map_err(|text| {
            shared.errors.fetch_add(1, Relaxed);
            Trouble::Batch(text)
        })?;
        let Some(client) = client else { return Err(Trouble::Stopped) };
        let _in_flight = Counted::new(&shared.in_flight);
        let stored = self.delivery.store(batch.events).await;
        let call = if stored.is_ok() { "ack" } else { "nack" };
        let told = timeout(PATIENCE, client.calls.call(call, &batch.sequence)).await;
        let told = told.map_err(|_| Trouble::Silent).and_then(|told| Ok(told?));
        self.check_time(begun);
        if let Err(refused) = stored {
            shared.failed.fetch_add(1, Relaxed);
            told?;
            return Err(Trouble::GivenBack(refused));
        }
        told?;
        shared.ok.fetch_add(1, Relaxed);
        Ok(())
    }

    /// Says so when a batch took so long that its sink may have given it to another.
    fn check_time(&self, begun: Instant) {
        let (took, limit) = (begun.elapsed(), self.sink_timeout);
        let address = &self.address;
        if took >= limit {
            self.state.late.fetch_add(1, Relaxed);
            tracing::warn!(%address, ?took, "a batch took longer than `sink_timeout`: it comes again");
        } else if took >= limit / 2 {
            tracing::warn!(%address, ?took, "a batch took more than half of `sink_timeout`");
        }
    }

    async fn connect(&self) -> Result<Connected<'_>, Trouble> {
        let HostPort { host, port } = &self.address;
        let connecting = async {
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            stream.set_nodelay(true)?;
            keep_alive(&stream)?;
            Ok(stream)
        };
        let late = || io::Error::new(io::ErrorKind::TimedOut, "it took too long");
        let stream = timeout(PATIENCE, connecting).await.unwrap_or_else(|_| Err(late()));
        let stream = stream.map_err(Trouble::Connect)?;
        let calls = Client::new(stream, Protocol::SPARK_FLUME, self.max_frame);
        Ok(Connected { calls, _open: self.state.shared.traffic.open() })
    }
}

/// Has the system ask on a quiet connection whether the other end is still there.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    let (idle, interval, count) = KEEPALIVE;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, idle)?;
    sockopt::set_tcp_keepintvl(stream, interval)?;
    Ok(sockopt::set_tcp_keepcnt(stream, count)?)
}

/// A connection, which is counted.
struct Connected<'a> {
    calls: Client<TcpStream>,
    _open: Counted<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only the system can lose a connection without a word; what it was told is what can be seen.
    #[tokio::test]
    async fn a_sink_that_is_gone_without_a_word_is_noticed_within_a_minute() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        assert!(!sockopt::socket_keepalive(&stream).unwrap());
        keep_alive(&stream).unwrap();
        assert!(sockopt::socket_keepalive(&stream).unwrap());
        let (idle, interval) =
            (sockopt::tcp_keepidle(&stream).unwrap(), sockopt::tcp_keepintvl(&stream).unwrap());
        let noticed = idle + interval * sockopt::tcp_keepcnt(&stream).unwrap();
        assert!(noticed <= Duration::from_secs(60), "{noticed:?}");
    }
}
