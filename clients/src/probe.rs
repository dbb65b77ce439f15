//! The first steps of every probe of a system: the name, the port.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use forebay_core::probe::{Halted, Obstacle, Probed};
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::time::timeout;

use crate::address::HostPort;

/// How long a name or a port may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Finds the addresses of hosts (step `name`) and connects to their ports (step `port`). One of
/// several hosts is enough; those that do not answer are named.
///
/// # Errors
/// No name has an address, or no port answers.
pub async fn reach(probed: &mut Probed, hosts: &[HostPort]) -> Result<(), Halted> {
    let mut found: Vec<(&HostPort, Vec<SocketAddr>)> = Vec::new();
    let mut unknown = Vec::new();
    for host in hosts {
        match addresses(host).await {
            Ok(addresses) => found.push((host, addresses)),
            Err(why) => unknown.push(format!("`{}`: {why}", host.host)),
        }
    }
    let help = "mend the name, or ask whoever keeps the names (DNS, /etc/hosts)";
    let result = match found.is_empty() {
        true => Err(Obstacle::new(format!("no address: {}", unknown.join("; ")), help)),
        false => Ok(with_missing(found.iter().map(named).collect(), &unknown)),
    };
    probed.step("name", result)?;

    let mut answering = Vec::new();
    let mut silent = Vec::new();
    for (host, addresses) in found {
        match connect(&addresses).await {
            Ok(took) => answering.push(format!("{host} answers in {:.1} ms", millis(took))),
            Err(why) => silent.push(format!("{host}: {why}")),
        }
    }
    let help = "start the server, mend the port, or let this machine through the firewall";
    let result = match answering.is_empty() {
        true => Err(Obstacle::new(silent.join("; "), help)),
        false => Ok(with_missing(answering, &silent)),
    };
    probed.step("port", result)
}

/// Takes an address to listen on, and gives it back (step `listen`).
///
/// # Errors
/// It cannot be had.
pub async fn may_listen(probed: &mut Probed, at: &HostPort) -> Result<(), Halted> {
    let taken = TcpListener::bind((at.host.as_str(), at.port)).await;
    let taken = taken.map(drop);
    probed.step("listen", listened(&at.to_string(), taken))
}

/// What it says that an address was taken, or could not be.
///
/// # Errors
/// What stands in the way.
pub fn listened(address: &str, taken: io::Result<()>) -> Result<String, Obstacle> {
    taken.map(|()| format!("{address} is free")).map_err(|error| {
        let help = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "if a gateway runs with this configuration, it is that one and all is well; else \
                 stop the other process, or choose another address"
            }
            io::ErrorKind::PermissionDenied => "choose a port above 1023, or give the right to",
            io::ErrorKind::AddrNotAvailable => "choose an address of this machine",
            _ => "choose another address",
        };
        Obstacle::new(format!("cannot listen on {address}: {error}"), help)
    })
}

async fn addresses(host: &HostPort) -> Result<Vec<SocketAddr>, String> {
    match timeout(PATIENCE, lookup_host((host.host.as_str(), host.port))).await {
        Err(_) => Err(format!("no answer within {PATIENCE:?}")),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(found)) => match found.collect::<Vec<_>>() {
            none if none.is_empty() => Err("it has none".to_owned()),
            some => Ok(some),
        },
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<Duration, String> {
    let begun = Instant::now();
    match timeout(PATIENCE, TcpStream::connect(addresses)).await {
        Err(_) => Err(format!("no answer within {PATIENCE:?}")),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(_)) => Ok(begun.elapsed()),
    }
}

fn named((host, addresses): &(&HostPort, Vec<SocketAddr>)) -> String {
    let addresses: Vec<String> = addresses.iter().map(|it| it.ip().to_string()).collect();
    format!("{} is {}", host.host, addresses.join(", "))
}

fn with_missing(mut well: Vec<String>, missing: &[String]) -> String {
    if !missing.is_empty() {
        well.push(format!("but not {}", missing.join("; ")));
    }
    well.join("; ")
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn steps(hosts: &[String]) -> Vec<(String, bool)> {
        let hosts: Vec<HostPort> = hosts.iter().map(|host| host.parse().unwrap()).collect();
        let mut probed = Probed::default();
        let reached = reach(&mut probed, &hosts).await;
        assert_eq!(reached.is_ok(), probed.is_well());
        let step = |step: &forebay_core::probe::Step| {
            let is_well = matches!(step.outcome, forebay_core::probe::Outcome::Well { .. });
            (step.name.to_string(), is_well)
        };
        probed.steps().iter().map(step).collect()
    }

    #[tokio::test]
    async fn a_name_and_a_port_are_told_apart() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = server.local_addr().unwrap().to_string();
        // Taken and given back: nobody listens there.
        let away = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let (well, bad) =
            (|name: &str| (name.to_owned(), true), |name: &str| (name.to_owned(), false));
        assert_eq!(steps(std::slice::from_ref(&there)).await, [well("name"), well("port")]);
        assert_eq!(steps(&[away.to_string()]).await, [well("name"), bad("port")]);
        assert_eq!(steps(&[away.to_string(), there]).await, [well("name"), well("port")]);
        // RFC 6761: never a name.
        assert_eq!(steps(&["nowhere.invalid:9".to_owned()]).await, [bad("name")]);
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_told() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at: HostPort = server.local_addr().unwrap().to_string().parse().unwrap();
        let mut probed = Probed::default();
        assert!(may_listen(&mut probed, &at).await.is_err());
        drop(server);
        assert!(may_listen(&mut probed, &at).await.is_ok());
    }
}
