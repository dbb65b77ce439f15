//! How bytes are made fewer.

use std::io::{self, BufWriter, Write};

use flate2::write::GzEncoder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::gauge::Gauged;

/// How bytes are made fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    None,
    /// The whole file is one gzip member: `json`, `text` and `csv`.
    Gzip,
    /// Fast, found in every reader: `parquet` and `avro`, block by block.
    Snappy,
    /// Small and fast: a single frame for `json`, `text` and `csv`, blocks for the others.
    Zstd,
}

impl Compression {
    /// The word for it in a configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Zstd => "zstd",
        }
    }
}

const BUFFER_BYTES: usize = 64 << 10;
/// zstd's own default.
const ZSTD_LEVEL: i32 = 3;

/// One compressed stream: it is whole only once it is finished.
pub(super) enum Stream {
    Plain(BufWriter<Gauged>),
    Gzip(GzEncoder<BufWriter<Gauged>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<Gauged>>),
}

impl Stream {
    pub(super) fn open(compression: Compression, out: Gauged) -> io::Result<Self> {
        let out = BufWriter::with_capacity(BUFFER_BYTES, out);
        match compression {
            Compression::None => Ok(Self::Plain(out)),
            Compression::Gzip => {
                Ok(Self::Gzip(GzEncoder::new(out, flate2::Compression::default())))
            }
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(out, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Ok(Self::Zstd(encoder))
            }
            Compression::Snappy => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "lines cannot be compressed with snappy: use gzip or zstd",
            )),
        }
    }

    /// Ends the stream and hands all of it to the output.
    pub(super) fn finish(self) -> io::Result<()> {
        let mut out = match self {
            Self::Plain(out) => out,
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Zstd(encoder) => encoder.finish()?,
        };
        out.flush()
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Gzip(out) => out.write(bytes),
            Self::Zstd(out) => out.write(bytes),
        }
    }

    /// Nothing: a flush between two writes would cost compression. See [`Stream::finish`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
