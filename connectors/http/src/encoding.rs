//! Undoing the `Content-Encoding` of a body, with an end to how far it may expand.

use std::io::{self, Read};

use flate2::bufread::MultiGzDecoder;
use http::{HeaderMap, header::CONTENT_ENCODING};

use crate::answer::Refusal;
use crate::body::Held;

/// The largest window that a zstd body may ask for: 8 MiB, as
/// [RFC 9659](https://www.rfc-editor.org/rfc/rfc9659) sets it for HTTP.
const ZSTD_WINDOW_LOG: u32 = 23;

/// How much is expanded at a time.
const STEP: usize = 64 << 10;

/// How a body was compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Not at all.
    Identity,
    /// gzip ([RFC 1952](https://www.rfc-editor.org/rfc/rfc1952)).
    Gzip,
    /// Zstandard ([RFC 8878](https://www.rfc-editor.org/rfc/rfc8878)).
    Zstd,
}

impl Encoding {
    /// The encoding that the headers name.
    ///
    /// # Errors
    /// It is not known, or there are several, one within the other.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let (first, second) = (values.next(), values.next());
        let name = match (first, second) {
            (None, _) => return Ok(Self::Identity),
            (Some(name), None) => name.as_bytes().trim_ascii().to_ascii_lowercase(),
            (Some(_), Some(_)) => return Err(Refusal::Encoding),
        };
        match name.as_slice() {
            b"" | b"identity" => Ok(Self::Identity),
            b"gzip" | b"x-gzip" => Ok(Self::Gzip),
            b"zstd" => Ok(Self::Zstd),
            _ => Err(Refusal::Encoding),
        }
    }

    /// The body as it was before it was compressed. It computes: not for an I/O thread if the
    /// body is large.
    ///
    /// # Errors
    /// It expands beyond `max`, finds no room, or is broken.
    pub(crate) fn expand(
        self,
        body: Vec<u8>,
        max: usize,
        held: &mut Held,
    ) -> Result<Vec<u8>, Refusal> {
        match self {
            Self::Identity if body.len() > max => Err(too_large(max)),
            Self::Identity => Ok(body),
            Self::Gzip => read_all(MultiGzDecoder::new(body.as_slice()), max, held),
            Self::Zstd => {
                let mut decoder =
                    zstd::stream::read::Decoder::with_buffer(body.as_slice()).map_err(broken)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(broken)?;
                read_all(decoder, max, held)
            }
        }
    }
}

fn read_all(mut decoder: impl Read, max: usize, held: &mut Held) -> Result<Vec<u8>, Refusal> {
    let mut expanded: Vec<u8> = Vec::new();
    let mut step = vec![0; STEP];
    loop {
        let read = match decoder.read(&mut step) {
            Ok(0) => return Ok(expanded),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(error)),
        };
        if read > max - expanded.len() {
            return Err(too_large(max));
        }
        held.take(read)?;
        if expanded.capacity() - expanded.len() < read {
            // Doubles, as a vector would by itself, but never beyond the cap.
            expanded.reserve_exact(expanded.len().max(STEP).min(max - expanded.len()));
        }
        expanded.extend_from_slice(&step[..read]);
    }
}

fn too_large(max: usize) -> Refusal {
    Refusal::TooLarge(format!("the body expands beyond the {max} bytes that are taken"))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn broken(error: io::Error) -> Refusal {
    Refusal::Broken(format!("the body cannot be decompressed: {error}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use forebay_core::budget::Budget;
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::stream::encode_all(bytes, 1).unwrap()
    }

    fn held() -> Held {
        Held::new(Budget::new(1 << 30))
    }

    #[test]
    fn names_of_encodings() {
        for (name, encoding) in [
            ("gzip", Ok(Encoding::Gzip)),
            ("X-GZIP", Ok(Encoding::Gzip)),
            ("zstd", Ok(Encoding::Zstd)),
            ("identity", Ok(Encoding::Identity)),
            ("br", Err(Refusal::Encoding)),
            ("gzip, gzip", Err(Refusal::Encoding)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
            assert_eq!(Encoding::of(&headers), encoding, "{name}");
        }
        assert_eq!(Encoding::of(&HeaderMap::new()), Ok(Encoding::Identity));
    }

    #[test]
    fn a_bomb_is_stopped_at_the_cap() {
        let bomb = vec![0; 2 << 20];
        for (encoding, body) in [(Encoding::Gzip, gzip(&bomb)), (Encoding::Zstd, zstd(&bomb))] {
            assert!(body.len() < 128 << 10);
            let mut held = held();
            let refused = encoding.expand(body.clone(), 1 << 20, &mut held);
            assert!(matches!(refused, Err(Refusal::TooLarge(_))), "{refused:?}");
            assert_eq!(encoding.expand(body, 2 << 20, &mut held).unwrap().len(), 2 << 20);
        }
    }

    #[test]
    fn a_bomb_finds_no_room_beyond_the_budget() {
        let mut held = Held::new(Budget::new(1 << 20));
        let refused = Encoding::Gzip.expand(gzip(&vec![0; 2 << 20]), 64 << 20, &mut held);
        assert_eq!(refused, Err(Refusal::no_room()));
    }

    #[test]
    fn a_window_that_is_too_large_is_refused() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(&vec![7; 1 << 20]).unwrap();
        let body = encoder.finish().unwrap();
        let refused = Encoding::Zstd.expand(body, 64 << 20, &mut held());
        assert!(matches!(refused, Err(Refusal::Broken(_))), "{refused:?}");
    }

    #[test]
    fn a_body_that_is_cut_is_broken() {
        let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        for (encoding, body) in [(Encoding::Gzip, gzip(&bytes)), (Encoding::Zstd, zstd(&bytes))] {
            let cut = body[..body.len() / 2].to_vec();
            let refused = encoding.expand(cut, 1 << 20, &mut held());
            assert!(matches!(refused, Err(Refusal::Broken(_))), "{refused:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_compressed_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
            prop_assert_eq!(&Encoding::Gzip.expand(gzip(&bytes), 4096, &mut held()).unwrap(), &bytes);
            prop_assert_eq!(&Encoding::Zstd.expand(zstd(&bytes), 4096, &mut held()).unwrap(), &bytes);
        }

        #[test]
        fn any_bytes_are_expanded_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            for (encoding, magic) in
                [(Encoding::Gzip, &[0x1f, 0x8b, 8, 0][..]), (Encoding::Zstd, &[0x28, 0xb5, 0x2f, 0xfd])]
            {
                let expanded = encoding.expand(bytes.clone(), 1024, &mut held());
                prop_assert!(expanded.is_err() || expanded.unwrap().len() <= 1024);
                bytes.splice(..magic.len().min(bytes.len()), magic.iter().copied());
                let expanded = encoding.expand(bytes.clone(), 1024, &mut held());
                prop_assert!(expanded.is_err() || expanded.unwrap().len() <= 1024);
            }
        }
    }
}
