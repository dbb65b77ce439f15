//! The bytes of a file, expanded.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::read::MultiGzDecoder;

use super::Compression;

/// A file that is open for reading.
pub struct Input {
    /// Its bytes.
    pub bytes: Box<dyn Read + Send>,
    /// How many expanded bytes still stand before the position that was asked for.
    pub skip: u64,
    /// The position of the end, if it is known without reading.
    pub end: Option<u64>,
}

impl Input {
    /// Takes an open file from a position of its expanded bytes on, and up to `size` bytes if it
    /// is not compressed.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn new(mut file: File, compression: Compression, from: u64, size: u64) -> io::Result<Self> {
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
