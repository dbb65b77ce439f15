//! `blob`, `text` and `ascii`.

use arrow::array::ArrayRef;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::column::Encode;
use super::text::{Blobs, Texts};
use super::{Bad, native};
use crate::settings::BlobText;

/// Writes bytes as they are, and text as the option says.
pub fn blob(array: &ArrayRef, blob_text: BlobText) -> Option<Encode> {
    if let Some(blobs) = Blobs::of(array) {
        return Some(Box::new(move |row, out| {
            out.extend_from_slice(blobs.value(row));
            Ok(())
        }));
    }
    let texts = Texts::of(array)?;
    Some(Box::new(move |row, out| {
        let text = texts.value(row);
        match blob_text {
            BlobText::Raw => out.extend_from_slice(text.as_bytes()),
            BlobText::Hex => {
                native::hex(text.strip_prefix("0x").unwrap_or(text), out)
                    .ok_or_else(|| Bad::new(text, "is not hexadecimal"))?;
            }
            BlobText::Base64 => {
                STANDARD.decode_vec(text, out).map_err(|_| Bad::new(text, "is not base64"))?;
            }
        }
        Ok(())
    }))
}

/// Writes text, and bytes that are UTF-8; for `ascii` each byte must be ASCII.
pub fn text(array: &ArrayRef, ascii: bool) -> Option<Encode> {
    if let Some(texts) = Texts::of(array) {
        return Some(Box::new(move |row, out| {
            let text = texts.value(row);
            if ascii && !text.is_ascii() {
                return Err(Bad::new(text, "is not ASCII"));
            }
            out.extend_from_slice(text.as_bytes());
            Ok(())
        }));
    }
    let blobs = Blobs::of(array)?;
    Some(Box::new(move |row, out| {
        let bytes = blobs.value(row);
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Bad::new(String::from_utf8_lossy(bytes), "is not UTF-8"))?;
        if ascii && !text.is_ascii() {
            return Err(Bad::new(text, "is not ASCII"));
        }
        out.extend_from_slice(bytes);
        Ok(())
    }))
}
