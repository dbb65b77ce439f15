//! What lies between TCP and the messages: TLS, compression, both in either order, or nothing.
//!
//! Nothing of it is negotiated, and agents differ: up to 1.9 TLS is outside, from 1.10 on the
//! compression is. So each [layer](Layers::open) is known by the [first byte](peeked) within the one before.

mod deflated;
mod layers;
mod peeked;

use tokio::io::{AsyncRead, AsyncWrite};

pub use layers::Compression;
pub(crate) use layers::Layers;

#[cfg(any(test, feature = "testing"))]
pub(crate) use deflated::Deflated;

/// A connection, whatever lies below.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}
