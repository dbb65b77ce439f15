//! Where to listen or connect.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use forebay_clients::address::HostPort;

/// An address with its transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp(HostPort),
    Udp(HostPort),
    Unix(PathBuf),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once("://") {
            Some(("tcp", rest)) => rest.parse().map(Self::Tcp),
            Some(("udp", rest)) => rest.parse().map(Self::Udp),
            Some(("unix", path)) if !path.is_empty() => Ok(Self::Unix(path.into())),
            _ => Err(format!(
                "`{text}` is no address: write tcp://host:port, udp://host:port or unix:///path"
            )),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp://{address}"),
            Self::Udp(address) => write!(f, "udp://{address}"),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for text in ["tcp://0.0.0.0:9000", "udp://[::1]:0", "unix:///run/forebay.sock"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for text in ["", "tcp://", "localhost:9000", "http://x:1", "unix://", "tcp:/x:1", "udp://x"]
        {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
