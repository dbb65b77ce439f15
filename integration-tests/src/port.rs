//! A port for a server that is started again and again.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Result, bail};

/// A TCP port of the loopback address that is free now, and below the range from which the system
/// takes the ports of outgoing connections. A port of that range could go to a client while the
/// server is away: even to the client that tries to reach it, which would then talk to itself.
///
/// # Errors
/// If no port is found.
pub fn free() -> Result<u16> {
    for _ in 0..1_000 {
        let port = fastrand::u16(20_000..32_000);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port between 20000 and 32000 is free")
}
