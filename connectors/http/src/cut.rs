//! Cutting a body into records.

use arrow::array::BinaryArray;
use http::{HeaderMap, header::CONTENT_TYPE};

use crate::answer::Refusal;
use crate::body::Held;
use crate::config::Body;
use crate::json_array;
use crate::pieces::Pieces;

/// How one body is cut, once its headers are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It is one record.
    Record,
    /// Each line that is not empty.
    Lines,
    /// Each element of an array.
    JsonArray,
    /// Each element if it is an array, else it is one record.
    Json,
}

impl Cut {
    /// How to cut a body with these headers.
    pub(crate) fn of(body: Body, headers: &HeaderMap) -> Self {
        match body {
            Body::Record => Self::Record,
            Body::Lines => Self::Lines,
            Body::JsonArray => Self::JsonArray,
            Body::Auto => {
                let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
                let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
                match kind.to_ascii_lowercase().as_str() {
                    "application/x-ndjson"
                    | "application/ndjson"
                    | "application/jsonl"
                    | "application/x-jsonlines"
                    | "text/plain" => Self::Lines,
                    "application/json" => Self::Json,
                    _ => Self::Record,
                }
            }
        }
    }

    /// The records of a body, in as few columns of at most `max` bytes as they fit in.
    ///
    /// # Errors
    /// It is not what it should be, or a record of it is refused.
    pub(crate) fn apply(
        self,
        body: &[u8],
        max: usize,
        held: &mut Held,
    ) -> Result<Vec<BinaryArray>, Refusal> {
        let mut pieces = Pieces::new(max, body.len(), held);
        match self {
            Self::Lines => {
                let mut begin = 0;
                for end in memchr::memchr_iter(b'\n', body).chain([body.len()]) {
                    let line = body.get(begin..end).unwrap_or_default();
                    begin = end + 1;
                    let line = line.strip_suffix(b"\r").unwrap_or(line);
                    if !line.is_empty() {
                        pieces.push(line)?;
                    }
                }
            }
            Self::JsonArray => json_array::cut(body, &mut pieces)?,
            Self::Json if body.trim_ascii_start().starts_with(b"[") => {
                json_array::cut(body, &mut pieces)?;
            }
            Self::Record | Self::Json if body.is_empty() => {
                return Err(Refusal::Broken("the body is empty".to_owned()));
            }
            Self::Record | Self::Json => pieces.push(body)?,
        }
        Ok(pieces.finish())
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;
    use forebay_core::budget::Budget;
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn columns(cut: Cut, body: &[u8], max: usize) -> Result<Vec<Vec<Vec<u8>>>, Refusal> {
        let mut held = Held::new(Budget::new(1 << 30));
        let columns = cut.apply(body, max, &mut held)?;
        Ok(columns
            .iter()
            .map(|column| column.iter().flatten().map(<[u8]>::to_vec).collect())
            .collect())
    }

    #[test]
    fn the_content_type_says_how_unless_an_option_does() {
        for (kind, cut) in [
            ("application/x-ndjson", Cut::Lines),
            ("text/plain; charset=utf-8", Cut::Lines),
            ("Application/JSON", Cut::Json),
            ("application/octet-stream", Cut::Record),
            ("", Cut::Record),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(Cut::of(Body::Auto, &headers), cut, "{kind}");
            assert_eq!(Cut::of(Body::Record, &headers), Cut::Record);
            assert_eq!(Cut::of(Body::JsonArray, &headers), Cut::JsonArray);
        }
        assert_eq!(Cut::of(Body::Auto, &HeaderMap::new()), Cut::Record);
    }

    #[test]
    fn bodies_become_records() {
        type Case = (Cut, &'static [u8], &'static [&'static [u8]]);
        let cases: [Case; 7] = [
            (Cut::Record, b" a\nb ", &[b" a\nb "]),
            (Cut::Lines, b"a\r\n\nb\n", &[b"a", b"b"]),
            (Cut::Lines, b"a\nb", &[b"a", b"b"]),
            (Cut::Json, b"\n [1, 2]", &[b"1", b"2"]),
            (Cut::Json, b"{\"a\":[1]}", &[b"{\"a\":[1]}"]),
            (Cut::JsonArray, b"[[1]]", &[b"[1]"]),
            (Cut::Lines, b"\n\r\n", &[]),
        ];
        for (cut, body, records) in cases {
            let columns = columns(cut, body, 100).unwrap();
            assert_eq!(columns.concat(), records, "{cut:?}");
            assert_eq!(columns.len(), usize::from(!records.is_empty()));
        }
        assert!(matches!(columns(Cut::Record, b"", 9), Err(Refusal::Broken(_))));
        assert!(matches!(columns(Cut::JsonArray, b"1", 9), Err(Refusal::Broken(_))));
    }

    #[test]
    fn pieces_are_as_large_as_they_may_be_and_no_larger() {
        let body = b"aaaa\nbbb\nccccccc\ndd\n";
        let pieces = columns(Cut::Lines, body, 7).unwrap();
        assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1]);
        let error = columns(Cut::Lines, body, 6).unwrap_err();
        assert!(matches!(&error, Refusal::TooLarge(text) if text.contains("record 2 has 7 bytes")));
    }

    #[test]
    fn many_tiny_records_are_counted_with_their_offsets() {
        let mut held = Held::new(Budget::new(1 << 20));
        let body = b"1\n".repeat(400_000);
        assert_eq!(Cut::Lines.apply(&body, 1 << 20, &mut held).unwrap_err(), Refusal::no_room());
    }

    proptest! {
        #[test]
        fn no_body_is_lost_or_breaks_anything(
            body in proptest::collection::vec(
                prop_oneof![proptest::sample::select(b"\n\r[]1,\"".to_vec()), any::<u8>()], 0..200),
            max in 200_usize..300,
        ) {
            let lines = columns(Cut::Lines, &body, max).unwrap().concat();
            let text: Vec<u8> = lines.iter().flatten().copied().filter(|b| *b != b'\r').collect();
            let kept: Vec<u8> = body.iter().copied().filter(|b| !b"\r\n".contains(b)).collect();
            prop_assert_eq!(text, kept);
            for cut in [Cut::Json, Cut::JsonArray, Cut::Record] {
                let mut held = Held::new(Budget::new(1 << 20));
                if let Ok(columns) = cut.apply(&body, max, &mut held) {
                    prop_assert!(columns.iter().all(|column| !column.is_empty()));
                }
            }
        }
    }
}
