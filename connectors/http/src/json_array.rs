//! Cutting the elements out of a JSON array.

use std::fmt;

use serde::Deserializer;
use serde::de::{SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::answer::Refusal;
use crate::pieces::Pieces;

/// Adds each element of the array that `text` is, with its bytes as they stand there.
///
/// # Errors
/// The text is no array, with the place where it stops being one; or an element is refused.
pub(crate) fn cut(text: &[u8], pieces: &mut Pieces<'_>) -> Result<(), Refusal> {
    let mut refused = None;
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let elements = Elements { pieces, refused: &mut refused };
    let outcome = deserializer.deserialize_seq(elements).and_then(|()| deserializer.end());
    match (refused, outcome) {
        (Some(refusal), _) => Err(refusal),
        (None, Err(error)) => Err(Refusal::Broken(format!("the body is no JSON array: {error}"))),
        (None, Ok(())) => Ok(()),
    }
}

struct Elements<'a, 'b> {
    pieces: &'a mut Pieces<'b>,
    /// Why `pieces` did not take an element: more than serde's own error could carry.
    refused: &'a mut Option<Refusal>,
}

impl<'de> Visitor<'de> for Elements<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        while let Some(element) = array.next_element::<&RawValue>()? {
            if let Err(refusal) = self.pieces.push(element.get().as_bytes()) {
                *self.refused = Some(refusal);
                return Err(serde::de::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use forebay_core::budget::Budget;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::body::Held;

    fn elements(text: &[u8]) -> Result<Vec<Vec<u8>>, Refusal> {
        let mut held = Held::new(Budget::new(1 << 30));
        let mut pieces = Pieces::new(1 << 20, 0, &mut held);
        cut(text, &mut pieces)?;
        let columns = pieces.finish();
        Ok(columns.iter().flat_map(|column| column.iter().flatten().map(<[u8]>::to_vec)).collect())
    }

    #[test]
    fn elements_keep_their_bytes() {
        let text = br#" [ {"b" : 1.50, "a":"\u00e9"} ,2e3, "x]",[ 1 ],null ] "#;
        let expected: [&[u8]; 5] =
            [br#"{"b" : 1.50, "a":"\u00e9"}"#, b"2e3", br#""x]""#, b"[ 1 ]", b"null"];
        assert_eq!(elements(text).unwrap(), expected);
        assert_eq!(elements(b"[]").unwrap(), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn a_broken_array_says_where() {
        let cases: [(&[u8], &str); 7] = [
            (b"", "line 1 column 0"),
            (b"{}", "line 1 column"),
            (b"[1,2", "line 1 column 4"),
            (b"[1,\n2,]", "line 2 column 3"),
            (b"[1] 2", "line 1 column 5"),
            (b"[{\"a\":}]", "line 1 column 7"),
            (b"[\"\xff\"]", "line 1 column"),
        ];
        for (text, place) in cases {
            let Err(Refusal::Broken(error)) = elements(text) else { panic!("{text:?}") };
            assert!(error.contains(place), "{error}");
        }
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
        assert_eq!(elements(&deep).unwrap().len(), 1);
        assert!(elements(&vec![b'['; 100_000]).is_err());
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(".*", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn elements_are_those_of_serde_json(array in proptest::collection::vec(json(), 0..6), pretty: bool) {
            let text = if pretty {
                serde_json::to_vec_pretty(&array).unwrap()
            } else {
                serde_json::to_vec(&array).unwrap()
            };
            let cut: Vec<Value> = elements(&text)
                .unwrap()
                .iter()
                .map(|element| serde_json::from_slice(element).unwrap())
                .collect();
            prop_assert_eq!(cut, array);
        }

        #[test]
        fn any_bytes_are_cut_exactly_when_serde_json_reads_them(
            text in proptest::collection::vec(
                prop_oneof![proptest::sample::select(b"[]{},:\"1 \\\n".to_vec()), any::<u8>()], 0..24),
        ) {
            let bracketed = [b"[".as_slice(), &text, b"]"].concat();
            for text in [text, bracketed] {
                let read = serde_json::from_slice::<Vec<&RawValue>>(&text);
                prop_assert_eq!(elements(&text).is_ok(), read.is_ok());
            }
        }
    }
}
