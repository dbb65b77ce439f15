//! Accepting connections.

use std::io;
use std::sync::Arc;

use forebay_clients::listener::{self, Admission};
use forebay_core::budget::Budget;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::delivery::Delivery;
use crate::transport::Layers;

use super::config::FlumeConfig;
use super::connection::{Connection, Ending};
use super::known::Known;

/// What all connections of one run have in common.
pub(crate) struct Server {
    pub(crate) config: Arc<FlumeConfig>,
    pub(crate) layers: Layers,
    pub(crate) known: Arc<Known>,
    pub(crate) budget: Budget,
    /// What each of them gets, with its own peer.
    pub(crate) delivery: Delivery,
}

impl Server {
    /// Accepts and serves connections until the run is stopped, and waits for the batches under way.
    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener) {
        let admission = Admission {
            max_connections: self.config.max_connections,
            traffic: &self.delivery.state.traffic,
            stop: &self.delivery.stop,
        };
        let served = |stream, peer| connection(Arc::clone(&self), stream, peer);
        listener::serve(listener, admission, served).await;
    }

    async fn run(&self, stream: TcpStream, delivery: Delivery) -> Result<Ending, io::Error> {
        stream.set_nodelay(true)?;
        let idle = self.config.idle_timeout.map(|idle| idle.0);
        let opening = async {
            let opening = self.layers.open(Box::new(stream));
            match idle {
                None => opening.await,
                Some(idle) => timeout(idle, opening).await.unwrap_or_else(|_| {
                    Err(io::Error::new(io::ErrorKind::TimedOut, "nothing came of it"))
                }),
            }
        };
        let stream = tokio::select! {
            () = delivery.stop.cancelled() => return Ok(Ending::Stopped),
            opened = opening => opened?,
        };
        let (known, budget) = (Arc::clone(&self.known), self.budget.clone());
        Ok(Connection::new(stream, &self.config, known, budget, delivery).run().await)
    }
}

/// Serves one connection to its end.
async fn connection(server: Arc<Server>, stream: TcpStream, peer: Arc<str>) {
    let delivery = Delivery { peer, ..server.delivery.clone() };
    let (state, peer) = (Arc::clone(&delivery.state), Arc::clone(&delivery.peer));
    let _open = state.traffic.open();
    let ending = server.run(stream, delivery).await.unwrap_or_else(Ending::Broken);
    match &ending {
        Ending::Closed | Ending::Stopped | Ending::Idle(_) => {
            tracing::debug!(%peer, "the connection ended: {ending}");
        }
        _ => {
            state.traffic.set_error(format_args!("{peer}: {ending}"));
            tracing::warn!(%peer, "the connection ended: {ending}");
        }
    }
}
