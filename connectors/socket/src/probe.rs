//! Looking whether the address can be had or reached. Nothing is received.

use std::path::Path;

use forebay_clients::listener::Endpoint;
use forebay_clients::probe::{listened, reach};
use forebay_core::probe::{Halted, Obstacle, Probed};
use tokio::net::{UdpSocket, UnixStream};

use crate::address::Address;
use crate::component::Role;
use crate::config::SocketConfig;
use crate::unix_file;

/// Adds the steps of a probe.
pub(crate) async fn probe(
    config: &SocketConfig,
    role: &Role,
    base: &Path,
    probed: &mut Probed,
) -> Result<(), Halted> {
    if let Some(tls) = &config.connect_tls {
        let loaded = tls.connector(base).map(|_| "its files can be read".to_owned());
        probed.step(
            "tls",
            loaded.map_err(|error| Obstacle::new(error, "mend the paths of its files")),
        )?;
    }
    match role {
        Role::Listen(Address::Tcp(at)) => {
            Endpoint::new(at.clone(), config.tls.clone(), base).probe(probed).await
        }
        Role::Listen(Address::Udp(at)) => {
            let taken = UdpSocket::bind((at.host.as_str(), at.port)).await.map(drop);
            probed.step("listen", listened(&at.to_string(), taken))
        }
        Role::Listen(Address::Unix(path)) => {
            let path = base.join(path);
            let taken = unix_file::listen(&path, config.mode()).await.map(drop);
            probed.step("listen", listened(&path.display().to_string(), taken))
        }
        Role::Connect(Address::Tcp(at) | Address::Udp(at)) => {
            reach(probed, std::slice::from_ref(at)).await
        }
        Role::Connect(Address::Unix(path)) => {
            let path = base.join(path);
            let connected = UnixStream::connect(&path).await;
            let connected = connected.map(|_| format!("{} answers", path.display()));
            let help = "start the program that listens there, or mend `connect`";
            probed.step("connect", connected.map_err(|error| Obstacle::new(error, help)))
        }
    }
}
