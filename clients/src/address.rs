//! A host and a port.

use std::fmt;
use std::str::FromStr;

use forebay_core::component::Claim;

/// `host:port`, where an IPv6 address stands in brackets: `[::1]:9000`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port; 0 lets the system choose one to listen on.
    pub port: u16,
}

impl HostPort {
    /// What listening on it claims, over a transport such as `tcp`; nothing if the system chooses
    /// the port.
    #[must_use]
    pub fn claim(&self, transport: &str) -> Option<Claim> {
        (self.port != 0).then(|| Claim::Address(format!("{transport}://{self}")))
    }
}

impl FromStr for HostPort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |why: &str| {
            Err(format!(
                "`{text}` {why}: write host:port, such as \"127.0.0.1:9000\" or \"[::1]:9000\""
            ))
        };
        let Some((host, port)) = text.rsplit_once(':') else {
            return wrong("has no port");
        };
        let Ok(port) = port.parse::<u16>() else {
            return wrong("has no port between 0 and 65535");
        };
        let bare = match host.strip_prefix('[') {
            Some(host) => match host.strip_suffix(']') {
                Some(host) if host.parse::<std::net::Ipv6Addr>().is_ok() => host,
                _ => return wrong("has no IPv6 address in its brackets"),
            },
            None if host.contains(':') => return wrong("has an IPv6 address without brackets"),
            None => host,
        };
        if bare.is_empty()
            || bare.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/')
        {
            return wrong("has no host");
        }
        Ok(Self { host: bare.to_owned(), port })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Claim, HostPort};

    #[test]
    fn hosts_and_ports() {
        for (text, host, port) in [
            ("127.0.0.1:9000", "127.0.0.1", 9000),
            ("[::1]:0", "::1", 0),
            ("orders.example:65535", "orders.example", 65535),
        ] {
            let address: HostPort = text.parse().unwrap();
            assert_eq!((address.host.as_str(), address.port), (host, port), "{text}");
            assert_eq!(address.to_string(), text);
        }
        for text in [
            "",
            "9000",
            ":9000",
            "host",
            "host:",
            "host:65536",
            "::1:9",
            "[::1:9",
            "[x]:9",
            "a b:1",
            "a/b:1",
        ] {
            assert!(text.parse::<HostPort>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_is_claimed_unless_the_system_chooses_it() {
        let claim = |text: &str| text.parse::<HostPort>().unwrap().claim("tcp");
        assert_eq!(claim("[::1]:9"), Some(Claim::Address("tcp://[::1]:9".to_owned())));
        assert_eq!(claim("[::1]:0"), None);
    }
}
