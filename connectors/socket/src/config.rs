//! The options.

use std::time::Duration;

use forebay_clients::tls::{ClientTls, ServerTls};
use forebay_core::units::{ByteSize, TimeSpan};
use forebay_formats::Decoding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lines, frames or datagrams from a socket: one to listen on, or one to connect to.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SocketConfig {
    /// The address to listen on: `"tcp://0.0.0.0:9000"`, `"udp://0.0.0.0:9000"` or
    /// `"unix:///path"`. Either this or `connect` is needed. Port 0 lets the system choose one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = "tcp://127.0.0.1:9000")]
    pub listen: Option<String>,
    /// The server to connect to: `"tcp://host:port"` or `"unix:///path"`. It is connected to
    /// again, after a pause, whenever the connection ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<String>,
    /// What a record is. Default `"lines"`, and `"datagrams"` for udp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framing: Option<Framing>,
    /// The largest record. A larger line becomes a dead letter with its first bytes, and so does
    /// a larger frame, whose connection is closed. 1B to 1GiB, default 1MiB.
    #[serde(default = "default_max_frame")]
    pub max_frame: ByteSize,
    /// How many connections may be open; further ones are closed at once. At least 1, default
    /// 1024.
    #[serde(default = "default_max_connections")]
    pub max_connections: usize,
    /// The longest time without a whole record; then the connection is closed. `"0s"` is without
    /// end. Default 5m with `listen`, without end with `connect`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<TimeSpan>,
    /// The kernel's receive buffer of each socket, up to its own limit
    /// (`net.core.rmem_max`). 1KiB to 1GiB, by default the kernel's choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receive_buffer: Option<ByteSize>,
    /// The permissions of the unix socket's file, in octal, such as `"0660"`. By default what the
    /// umask leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket_mode: Option<String>,
    /// Whether to write a line `ack <n>` to the peer after each chunk is stored, where n counts
    /// the records that were taken from this connection so far. Default false.
    #[serde(default)]
    pub acknowledge: bool,
    /// TLS for `listen = "tcp://..."`, with the certificate of this server. By default the
    /// connection is plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<ServerTls>,
    /// TLS for `connect = "tcp://..."`, with the authorities that are trusted. By default the
    /// connection is plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_tls: Option<ClientTls>,
    /// How records become columns.
    #[serde(flatten)]
    pub decoding: Decoding,
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// What stands before a line feed, without it and a carriage return before it. What stands
    /// behind the last one is a record when the peer closes. In a datagram, empty lines are none.
    Lines,
    /// Four bytes with the length, the highest first, then so many bytes.
    LengthPrefixed,
    /// A datagram (udp alone).
    Datagrams,
}

/// The largest `max_frame` and `receive_buffer`.
pub(crate) const MAX_BYTES: u64 = 1 << 30;

impl SocketConfig {
    /// How long a connection may be without a whole record.
    pub(crate) fn idle(&self) -> Option<Duration> {
        let default = self.listen.is_some().then_some(TimeSpan::from_secs(300));
        self.idle_timeout.or(default).map(|span| span.0).filter(|span| !span.is_zero())
    }

    /// The kernel's receive buffer, in bytes.
    pub(crate) fn receive_buffer(&self) -> Option<usize> {
        self.receive_buffer.map(|size| usize::try_from(size.0).unwrap_or(usize::MAX))
    }

    /// The permissions of the socket file, if they are given and good.
    pub(crate) fn mode(&self) -> Option<u32> {
        self.socket_mode
            .as_deref()
            .and_then(|mode| u32::from_str_radix(mode, 8).ok())
            .filter(|mode| *mode <= 0o777)
    }
}

fn default_max_frame() -> ByteSize {
    ByteSize::mib(1)
}

fn default_max_connections() -> usize {
    1024
}
