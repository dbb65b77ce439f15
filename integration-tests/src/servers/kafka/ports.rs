//! The ports of a Kafka server.

use anyhow::Result;

use super::listener::Listener;
use crate::port;
use crate::servers::proxy::Proxy;

/// The ports of one server.
#[derive(Debug)]
pub(super) struct Ports {
    pub(super) controller: u16,
    pub(super) doors: Vec<Door>,
}

/// One listener of one server.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) listener: Listener,
    /// Where the server listens.
    pub(super) port: u16,
    /// Where it says that it does.
    pub(super) advertised: u16,
}

impl Ports {
    /// Ports that are free, and proxies in front of those that have one.
    pub(super) fn free(listeners: &[Listener]) -> Result<(Self, Vec<Proxy>)> {
        let mut taken = vec![port::free()?];
        while taken.len() <= listeners.len() {
            let port = port::free()?;
            if !taken.contains(&port) {
                taken.push(port);
            }
        }
        let (mut doors, mut proxies) = (Vec::new(), Vec::new());
        for (listener, port) in listeners.iter().zip(taken.iter().skip(1)) {
            let mut advertised = *port;
            if *listener == Listener::Proxied {
                let proxy = Proxy::start(*port)?;
                advertised = proxy.address().port();
                proxies.push(proxy);
            }
            doors.push(Door { listener: *listener, port: *port, advertised });
        }
        Ok((Self { controller: taken[0], doors }, proxies))
    }

    /// Where clients of a listener reach the server.
    pub(super) fn advertised(&self, listener: Listener) -> Option<u16> {
        self.doors.iter().find(|door| door.listener == listener).map(|door| door.advertised)
    }
}
