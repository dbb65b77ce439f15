//! Schemas from samples.

use super::{InferError, infer};
use crate::{Decoding, Format};

fn json(sample: &str) -> Result<String, InferError> {
    infer(sample.as_bytes(), Format::Json, &Decoding::default()).map(|schema| schema.to_string())
}

fn csv(sample: &str) -> Result<String, InferError> {
    infer(sample.as_bytes(), Format::Csv, &Decoding::default()).map(|schema| schema.to_string())
}

#[test]
fn json_tells_the_narrowest_types() {
    let sample = r#"{"z": 1, "price": 2, "at": "2026-01-31T00:00:00Z", "day": "2026-01-31", "tags": []}

{"z": null, "price": 2.5, "at": "2026-01-31", "day": "2026-02-01", "tags": ["a"], "place": {"lat": 1.0}}
{"key": "67e55044-10b1-426f-9247-bb680e5fe0c8", "ok": true, "any": 1, "none": null, "place": {"lon": 2}}
{"any": "x", "no": 18446744073709551615, "short": "é2345-6789", "z": 5
"#;
    let expected = r#"{ z = "bigint", price = "double", at = "timestamp", day = "date", tags = ["text"], place = { lat = "double", lon = "bigint" }, key = "uuid", ok = "boolean", any = "bigint", none = "json" }"#;
    assert_eq!(json(sample.trim_end()).unwrap(), expected);
    let mixed = "{\"a\": 1, \"b\": {}}\n{\"a\": \"x\", \"b\": {}}\n";
    assert_eq!(json(mixed).unwrap(), r#"{ a = "json", b = "json" }"#);
    assert_eq!(json("{\"a\": \"é2345-67-89\"}").unwrap(), r#"{ a = "text" }"#);
}

#[test]
fn csv_tells_the_narrowest_types() {
    let sample = "\u{feff}id,price,code,day,note,empty\n1,2.5,007,2026-01-31,\"a,b\",\n2,3,12,2026-02-01,5,\n3,cut";
    let expected = r#"{ id = "bigint", price = "double", code = "text", day = "date", note = "text", empty = "text" }"#;
    assert_eq!(csv(sample).unwrap(), expected);
    assert_eq!(csv("a b\nnan\n").unwrap(), r#"{ "a b" = "text" }"#);
}

#[test]
fn a_broken_sample_is_refused_with_its_place() {
    assert!(matches!(json(""), Err(InferError::Empty)));
    assert!(matches!(csv(""), Err(InferError::Empty)));
    let error = json("{\"a\": 1}\n[1]\n{\"a\": 2}\n").unwrap_err().to_string();
    assert!(error.starts_with("record 2 of the sample is broken"), "{error}");
    let error = csv("a,b\n1,2\n1\n1,2\n").unwrap_err().to_string();
    assert_eq!(error, "record 3 of the sample is broken: expected 2 fields, got 1");
    let error = infer(b"x", Format::Text, &Decoding::default()).unwrap_err();
    assert_eq!(error.to_string(), "format `text` has no schema to infer");
}
