//! Where the blocks of an Avro object container file lie.
//!
//! [The format](https://avro.apache.org/docs/1.12.0/specification/#object-container-files): `Obj1`,
//! a map of metadata, a marker of 16 bytes; then blocks: the number of records, the number of
//! bytes, the bytes, the marker again. The numbers are zigzag varints. Reading only the numbers
//! tells how many records there are, where each block begins, and whether the file is whole.

use std::io::{BufRead, Read, Seek, SeekFrom};

/// The largest header that is read, in bytes.
const MAX_HEADER: u64 = 16 << 20;

/// Where the blocks lie.
#[derive(Debug)]
pub(super) struct Blocks {
    /// The header, marker included.
    pub(super) header: Vec<u8>,
    /// For each block the number of its first record and its offset in bytes; the last entry is
    /// the end of the file.
    pub(super) starts: Vec<(u64, u64)>,
}

impl Blocks {
    /// Looks through a file of `length` bytes.
    ///
    /// # Errors
    /// The offset in bytes, and what is wrong there.
    pub(super) fn find<R: BufRead + Seek>(mut file: R, length: u64) -> Result<Self, (u64, String)> {
        let header_end = skip_header(&mut file).map_err(|what| (0, what))?;
        let marker_at = header_end - 16;
        let read = |error: std::io::Error| (0, error.to_string());
        file.seek(SeekFrom::Start(0)).map_err(read)?;
        let mut header = Vec::new();
        (&mut file).take(header_end).read_to_end(&mut header).map_err(read)?;
        let marker = header[usize::try_from(marker_at).unwrap_or_default()..].to_vec();
        let mut starts = vec![(0, header_end)];
        let (mut records, mut at) = (0u64, header_end);
        while at < length {
            let wrong = |what: &str| (at, what.to_owned());
            let (count, a) = varint(&mut file).map_err(|what| (at, what))?;
            let (bytes, b) = varint(&mut file).map_err(|what| (at, what))?;
            let count = u64::try_from(count).map_err(|_| wrong("a negative number of records"))?;
            let bytes = u64::try_from(bytes).map_err(|_| wrong("a negative number of bytes"))?;
            let marker_at = (at + a + b).saturating_add(bytes);
            if marker_at.saturating_add(16) > length {
                return Err(wrong("the last block is cut off"));
            }
            file.seek_relative(i64::try_from(bytes).unwrap_or(i64::MAX))
                .map_err(|error| wrong(&error.to_string()))?;
            let mut found = [0; 16];
            file.read_exact(&mut found).map_err(|error| wrong(&error.to_string()))?;
            if found[..] != marker[..] {
                return Err(wrong("the block does not end with the marker of the file"));
            }
            records = records.checked_add(count).ok_or_else(|| wrong("too many records"))?;
            at = marker_at + 16;
            starts.push((records, at));
        }
        Ok(Self { header, starts })
    }
}

/// Skips `Obj1`, the metadata and the marker, and says where the header ends.
fn skip_header<R: BufRead>(file: &mut R) -> Result<u64, String> {
    let cut = |_| "the header is cut off".to_owned();
    let mut magic = [0; 4];
    file.read_exact(&mut magic).map_err(cut)?;
    if magic != *b"Obj\x01" {
        return Err("it does not begin with `Obj` and 1".into());
    }
    let mut at = 4u64;
    loop {
        let (count, bytes) = varint(file)?;
        at += bytes;
        if count == 0 {
            break;
        }
        if count < 0 {
            // The size of the map's block follows, which is of no use here.
            at += varint(file)?.1;
        }
        for _ in 0..count.unsigned_abs().saturating_mul(2) {
            let (length, bytes) = varint(file)?;
            let length = u64::try_from(length).map_err(|_| "a negative length in the header")?;
            at = at.saturating_add(bytes).saturating_add(length);
            if at > MAX_HEADER {
                return Err("the header is larger than 16 MiB".into());
            }
            let skipped = std::io::copy(&mut file.take(length), &mut std::io::sink());
            if skipped.map_err(|error| error.to_string())? < length {
                return Err("the header is cut off".into());
            }
        }
    }
    file.read_exact(&mut [0; 16]).map_err(cut)?;
    Ok(at + 16)
}

/// Reads a [zigzag varint](https://avro.apache.org/docs/1.12.0/specification/#primitive-types-1) and
/// says how many bytes it took.
fn varint<R: Read>(file: &mut R) -> Result<(i64, u64), String> {
    let mut value = 0u64;
    for index in 0..10u64 {
        let mut byte = [0];
        file.read_exact(&mut byte).map_err(|_| "the file is cut off".to_owned())?;
        value |= u64::from(byte[0] & 0x7f) << (7 * index);
        if byte[0] & 0x80 == 0 {
            let magnitude = i64::try_from(value >> 1).unwrap_or(i64::MAX);
            return Ok((if value & 1 == 0 { magnitude } else { -magnitude - 1 }, index + 1));
        }
    }
    Err("a number has more than ten bytes".into())
}
