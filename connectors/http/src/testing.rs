//! The way of a body without a server.

use arrow::array::BinaryArray;
use forebay_core::budget::Budget;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};

use crate::body::Held;
use crate::config::Body;
use crate::cut::Cut;
use crate::encoding::Encoding;

/// Memory that a body may take besides itself, in times of its largest expanded size.
const TIMES: u64 = 4;

/// The records of a body with these headers, which may expand to `max` bytes; in columns of as many
/// bytes at most.
///
/// # Errors
/// Why the request would be refused.
pub fn cut_body(
    content_encoding: &str,
    content_type: &str,
    body: Vec<u8>,
    max: usize,
) -> Result<Vec<BinaryArray>, String> {
    let mut headers = HeaderMap::new();
    for (name, text) in [(CONTENT_ENCODING, content_encoding), (CONTENT_TYPE, content_type)] {
        headers.insert(name, HeaderValue::from_str(text).map_err(|error| error.to_string())?);
    }
    let mut held = Held::new(Budget::new(max as u64 * TIMES));
    let refused = |refusal: crate::answer::Refusal| refusal.to_string();
    let body = Encoding::of(&headers)
        .and_then(|encoding| encoding.expand(body, max, &mut held))
        .map_err(refused)?;
    Cut::of(Body::Auto, &headers).apply(&body, max, &mut held).map_err(refused)
}
