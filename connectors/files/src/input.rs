//! The bytes of a file, expanded.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::config::Compression;

/// A file that is open for reading.
pub(crate) struct Input {
    pub(crate) bytes: Box<dyn Read + Send>,
    /// How many expanded bytes still stand before the position that was asked for.
    pub(crate) skip: u64,
    /// The position of the end, if it is known without reading.
    pub(crate) end: Option<u64>,
}

/// How a file of this name is compressed.
pub(crate) fn compression(path: &Path, configured: Compression) -> Compression {
    match (configured, path.extension().and_then(OsStr::to_str)) {
        (Compression::Auto, Some("gz")) => Compression::Gzip,
        (Compression::Auto, Some("zst" | "zstd")) => Compression::Zstd,
        (Compression::Auto, _) => Compression::None,
        (configured, _) => configured,
    }
}

impl Input {
    /// Takes an open file from a position of its expanded bytes on, and up to `size` bytes if it
    /// is not compressed.
    pub(crate) fn new(
        mut file: File,
        compression: Compression,
        from: u64,
        size: u64,
    ) -> io::Result<Self> {
        Ok(match compression {
            Compression::Gzip => Self {
                bytes: Box::new(MultiGzDecoder::new(BufReader::new(file))),
                skip: from,
                end: None,
            },
            Compression::Zstd => {
                Self { bytes: Box::new(zstd::Decoder::new(file)?), skip: from, end: None }
            }
            Compression::None | Compression::Auto => {
                file.seek(SeekFrom::Start(from))?;
                let left = size.saturating_sub(from);
                Self { bytes: Box::new(file.take(left)), skip: 0, end: Some(size) }
            }
        })
    }
}
