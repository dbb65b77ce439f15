//! The address itself.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use super::facts::Facts;
use super::{holder, routes, server};

/// The admin address, taken and not yet answering.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

/// Why the address cannot be had.
#[derive(Debug, Error)]
#[error("the admin address {address} cannot be had: {reason}")]
pub struct BindError {
    address: SocketAddr,
    reason: String,
    help: &'static str,
}

impl BindError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        self.help
    }

    fn of(address: SocketAddr, error: &io::Error) -> Self {
        let (reason, help) = match error.kind() {
            io::ErrorKind::AddrInUse => (
                match holder::of_port(address.port()) {
                    Some(holder) => format!("{holder} listens there already"),
                    None => "another process listens there already".to_owned(),
                },
                "stop that process, or set `listen` in [gateway] to another port, to port 0 for \
                 any that is free, or to \"off\"",
            ),
            io::ErrorKind::PermissionDenied => (
                "this user may not listen there".to_owned(),
                "set `listen` in [gateway] to a port above 1023, or to \"off\"",
            ),
            io::ErrorKind::AddrNotAvailable => (
                "no interface of this machine has that address".to_owned(),
                "set `listen` in [gateway] to an address of this machine, such as \
                 \"127.0.0.1:8030\", or to \"off\"",
            ),
            _ => (error.to_string(), "set `listen` in [gateway] to another address, or to \"off\""),
        };
        Self { address, reason, help }
    }
}

impl Bound {
    /// Takes an address; port 0 takes any port that is free.
    ///
    /// # Errors
    /// If it cannot be had.
    pub async fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let told = |error| BindError::of(address, &error);
        let listener = TcpListener::bind(address).await.map_err(told)?;
        let address = listener.local_addr().map_err(told)?;
        Ok(Self { listener, address })
    }

    /// The address, with the port that was taken.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is told to stop, and returns when the last connection is closed and what was
    /// begun there has ended.
    pub async fn serve(self, facts: impl Into<Arc<Facts>>, stop: CancellationToken) {
        let desk = Desk::new(facts.into(), self.address.ip().is_loopback(), stop.clone());
        let replays = desk.facts.replays.clone();
        server::serve(self.listener, routes::router(desk), stop).await;
        replays.end().await;
    }
}
