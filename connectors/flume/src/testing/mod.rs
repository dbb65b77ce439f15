//! Doubles of the other end, and what is parsed of outside bytes without a connection.

mod agent;
mod parse;
mod puller;
mod spark_sink;
mod talk;

pub use agent::{Agent, Status, batch, event};
pub use parse::{PUSH_PROTOCOL, batch_of, serve};
pub use puller::{Pulled, Puller};
pub use spark_sink::{Fate, SparkSink};
pub use talk::{Talk, Turn, parts};

use tokio::io::{AsyncRead, AsyncWrite};

/// A stream compressed as agents do it with `compression-type = deflate`.
pub fn deflated<S>(stream: S) -> impl AsyncRead + AsyncWrite + Send + Unpin
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    crate::transport::Deflated::new(stream)
}

/// A header: its name and its value.
pub type Pair<'a> = (&'a [u8], &'a [u8]);
