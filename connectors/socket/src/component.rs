//! How the connector introduces itself.

use forebay_clients::tls::{ClientTls, ServerTls};
use forebay_core::component::{BuildContext, Claim, Component, Input, Problem, SourceComponent};
use forebay_core::units::ByteSize;

use crate::address::Address;
use crate::config::{Framing, MAX_BYTES, SocketConfig};
use crate::receiver::SocketReceiver;

/// The `socket` source.
#[derive(Debug)]
pub struct Socket;

/// Which end of the connection is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Listen(Address),
    Connect(Address),
}

impl Role {
    /// The role that the options give, or why they give none.
    pub(crate) fn of(config: &SocketConfig) -> Result<Self, Problem> {
        match (&config.listen, &config.connect) {
            (Some(text), None) => {
                text.parse().map(Self::Listen).map_err(|error| Problem::at("listen", error))
            }
            (None, Some(text)) => match text.parse() {
                Ok(Address::Udp(_)) => Err(Problem::at("connect", "udp has no connections")
                    .help("listen = \"udp://...\" takes datagrams")),
                Ok(address) => Ok(Self::Connect(address)),
                Err(error) => Err(Problem::at("connect", error)),
            },
            (None, None) => Err(Problem::at("", "an address is missing: `listen` or `connect`")
                .help("listen = \"tcp://0.0.0.0:9000\"")),
            (Some(_), Some(_)) => {
                Err(Problem::at("connect", "`listen` and `connect` exclude each other"))
            }
        }
    }

    fn address(&self) -> &Address {
        match self {
            Self::Listen(address) | Self::Connect(address) => address,
        }
    }

    /// What a record is, if nothing is said.
    pub(crate) fn framing(&self) -> Framing {
        match self.address() {
            Address::Udp(_) => Framing::Datagrams,
            _ => Framing::Lines,
        }
    }
}

impl Component for Socket {
    type Config = SocketConfig;

    const TYPE: &'static str = "socket";

    fn check(config: &SocketConfig) -> Vec<Problem> {
        let mut problems = config.decoding.check();
        match Role::of(config) {
            Ok(role) => check_role(config, &role, &mut problems),
            Err(problem) => problems.push(problem),
        }
        let sizes = [
            ("max_frame", Some(config.max_frame), 1),
            ("receive_buffer", config.receive_buffer, 1 << 10),
        ];
        for (key, size, least) in sizes {
            if let Some(size) = size.filter(|size| !(least..=MAX_BYTES).contains(&size.0)) {
                let (least, most) = (ByteSize(least), ByteSize(MAX_BYTES));
                let text = format!("{size} is not between {least} and {most}");
                problems.push(Problem::at(key, text));
            }
        }
        if config.max_connections == 0 {
            problems.push(Problem::at("max_connections", "no connection could be accepted"));
        }
        if config.socket_mode.is_some() && config.mode().is_none() {
            let text = "a mode is octal and at most 0777, such as \"0660\"";
            problems.push(Problem::at("socket_mode", text));
        }
        problems
    }

    fn claims(config: &SocketConfig) -> Vec<Claim> {
        match Role::of(config) {
            Ok(Role::Listen(Address::Unix(path))) => vec![Claim::Path(path)],
            Ok(Role::Listen(Address::Tcp(at))) => at.claim("tcp").into_iter().collect(),
            Ok(Role::Listen(Address::Udp(at))) => at.claim("udp").into_iter().collect(),
            _ => Vec::new(),
        }
    }
}

/// Finds options that do not go with the address.
fn check_role(config: &SocketConfig, role: &Role, problems: &mut Vec<Problem>) {
    let is_udp = matches!(role.address(), Address::Udp(_));
    match config.framing {
        Some(Framing::Datagrams) if !is_udp => {
            problems.push(Problem::at("framing", "only udp has datagrams"));
        }
        Some(Framing::LengthPrefixed) if is_udp => {
            let text = "a datagram has its length already";
            problems.push(Problem::at("framing", text).help("framing = \"datagrams\""));
        }
        _ => {}
    }
    if config.acknowledge && is_udp {
        problems.push(Problem::at("acknowledge", "udp has no connection to acknowledge on"));
    }
    if config.tls.is_some() && !matches!(role, Role::Listen(Address::Tcp(_))) {
        problems.push(Problem::at("tls", "`tls` goes with `listen = \"tcp://...\"`"));
    }
    if config.connect_tls.is_some() && !matches!(role, Role::Connect(Address::Tcp(_))) {
        problems
            .push(Problem::at("connect_tls", "`connect_tls` goes with `connect = \"tcp://...\"`"));
    }
    if config.socket_mode.is_some() && !matches!(role, Role::Listen(Address::Unix(_))) {
        problems
            .push(Problem::at("socket_mode", "`socket_mode` goes with `listen = \"unix://...\"`"));
    }
    let tls = config.tls.iter().flat_map(ServerTls::check);
    problems.extend(tls.map(|problem| problem.within("tls")));
    let tls = config.connect_tls.iter().flat_map(ClientTls::check);
    problems.extend(tls.map(|problem| problem.within("connect_tls")));
}

impl SourceComponent for Socket {
    fn build(mut config: SocketConfig, context: &BuildContext) -> Result<Input, Problem> {
        config.decoding.load(&context.base)?;
        SocketReceiver::new(config, context).map(|receiver| Input::Receiver(Box::new(receiver)))
    }
}
