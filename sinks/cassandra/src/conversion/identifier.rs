//! `uuid`, `timeuuid` and `inet`.

use std::net::IpAddr;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use super::column::Encode;
use super::text::{Blobs, Texts};
use super::{Bad, native};

/// What both kinds of UUID take.
pub const UUID_TAKES: &str = "16 bytes of fixed size, and text";
/// What `inet` takes.
pub const INET_TAKES: &str = "4 or 16 bytes of fixed size, and text";

/// Writes 16 bytes; a `timeuuid` must be of version 1.
pub fn uuid(array: &ArrayRef, is_timeuuid: bool) -> Option<Encode> {
    if let DataType::FixedSizeBinary(16) = array.data_type() {
        let blobs = Blobs::of(array)?;
        return Some(Box::new(move |row, out| {
            out.extend_from_slice(blobs.value(row));
            check(&blobs.value(row)[6..], is_timeuuid)
        }));
    }
    let texts = Texts::of(array)?;
    Some(Box::new(move |row, out| {
        let text = texts.value(row);
        let start = out.len();
        let bare = text.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or(text);
        let is_dashed =
            bare.len() == 36 && [8, 13, 18, 23].iter().all(|place| bare.as_bytes()[*place] == b'-');
        let digits: String;
        let digits = if is_dashed {
            digits = bare.replace('-', "");
            digits.as_str()
        } else {
            bare
        };
        let is_read = digits.len() == 32 && native::hex(digits, out).is_some();
        if !is_read {
            return Err(Bad::new(text, "is no UUID"));
        }
        check(&out[start + 6..], is_timeuuid)
    }))
}

fn check(from_version: &[u8], is_timeuuid: bool) -> Result<(), Bad> {
    if is_timeuuid && from_version[0] >> 4 != 1 {
        return Err(Bad::plain("the UUID is not of version 1, and is no timeuuid therefore"));
    }
    Ok(())
}

/// Writes 4 or 16 bytes.
pub fn inet(array: &ArrayRef) -> Option<Encode> {
    if let DataType::FixedSizeBinary(4 | 16) = array.data_type() {
        let blobs = Blobs::of(array)?;
        return Some(Box::new(move |row, out| {
            out.extend_from_slice(blobs.value(row));
            Ok(())
        }));
    }
    let texts = Texts::of(array)?;
    Some(Box::new(move |row, out| {
        let text = texts.value(row);
        match text.parse() {
            Ok(IpAddr::V4(address)) => out.extend_from_slice(&address.octets()),
            Ok(IpAddr::V6(address)) => out.extend_from_slice(&address.octets()),
            Err(_) => return Err(Bad::new(text, "is no IP address")),
        }
        Ok(())
    }))
}
