//! Which layers there are, and taking them off.

use std::io;

use forebay_clients::tls::handshake;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_rustls::TlsAcceptor;

use super::Stream;
use super::deflated::Deflated;
use super::peeked::Peeked;

/// The first byte of a TLS handshake.
const TLS: u8 = 0x16;

/// The first byte of a zlib stream with the usual window of 32 KiB.
const ZLIB: u8 = 0x78;

/// Whether what agents send is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// As each connection begins.
    #[default]
    Auto,
    /// A connection that is compressed is closed.
    None,
    /// A connection that is not compressed is closed.
    Deflate,
}

/// The layers that a connection must and may have.
#[derive(Clone)]
pub(crate) struct Layers {
    /// If it is there, each connection must speak TLS.
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) compression: Compression,
}

impl Layers {
    /// Takes off the layers of a connection, in whatever order they come. It waits for its first
    /// bytes. A connection that ends before its first byte is one without layers.
    pub(crate) async fn open(
        &self,
        stream: Box<dyn Stream>,
    ) -> io::Result<Peeked<Box<dyn Stream>>> {
        let (mut is_secure, mut is_compressed) = (false, false);
        let mut stream = Peeked::new(stream).await?;
        loop {
            match (stream.first(), &self.tls) {
                (Some(TLS), Some(tls)) if !is_secure => {
                    let secure: Box<dyn Stream> = Box::new(handshake::accept(tls, stream).await?);
                    stream = Peeked::new(secure).await?;
                    is_secure = true;
                }
                (Some(TLS), None) => return refused("it speaks TLS, and `tls` is not set"),
                (Some(ZLIB), _) if !is_compressed => {
                    if self.compression == Compression::None {
                        return refused("it is compressed, and `compression` is \"none\"");
                    }
                    let plain: Box<dyn Stream> = Box::new(Deflated::new(stream));
                    stream = Peeked::new(plain).await?;
                    is_compressed = true;
                }
                (None, _) => return Ok(stream),
                _ => break,
            }
        }
        if self.tls.is_some() && !is_secure {
            return refused("it does not speak TLS, which `tls` demands");
        }
        if self.compression == Compression::Deflate && !is_compressed {
            return refused("it is not compressed, which `compression` demands");
        }
        Ok(stream)
    }
}

fn refused<T>(text: &str) -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::InvalidData, text))
}
