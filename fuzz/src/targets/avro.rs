//! Avro records and schemas.

use std::sync::{Arc, OnceLock};

use forebay_core::decode::Decode;
use forebay_formats::decoders::check_schema;
use forebay_formats::registry::whole;

use super::records::{decode, decoder};

const SIMPLE: &str = r#"{"type": "record", "name": "Order", "fields": [
    {"name": "id", "type": "long"}, {"name": "name", "type": "string"}]}"#;

const WIDE: &str = r#"{"type": "record", "name": "Wide", "fields": [
    {"name": "flag", "type": "boolean"}, {"name": "n", "type": ["null", "int"]},
    {"name": "f", "type": "float"}, {"name": "d", "type": "double"}, {"name": "b", "type": "bytes"},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
    {"name": "four", "type": {"type": "fixed", "name": "Four", "size": 4}},
    {"name": "many", "type": {"type": "array", "items": ["null", "string"]}},
    {"name": "named", "type": {"type": "map", "values": "long"}},
    {"name": "inner", "type": ["null", {"type": "record", "name": "Inner", "fields": [
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}}]}]}]}"#;

/// First byte: schema and framing; then records, each behind a byte with its length.
pub(super) fn run(data: &[u8]) {
    static DECODERS: OnceLock<Vec<Arc<dyn Decode>>> = OnceLock::new();
    let decoders = DECODERS.get_or_init(|| {
        let each = |schema: &str, rest: &str| {
            decoder(&format!("format = \"avro\"\n{rest}\n[avro]\nwriter_schema = '''{schema}'''"))
        };
        vec![
            each(SIMPLE, ""),
            each(WIDE, ""),
            each(SIMPLE, r#"schema = { name = "int", id = "smallint", none = "date" }"#),
            decoder(&format!("format = \"avro\"\n[avro]\nframing = \"single-object\"\nwriter_schema = '''{SIMPLE}'''")),
            decoder(&format!("format = \"avro\"\n[avro]\nframing = \"confluent\"\nwriter_schema = '''{WIDE}'''")),
        ]
    });
    let [which, rest @ ..] = data else { return };
    let mut rest = rest;
    let mut records = Vec::new();
    while let [length, bytes @ ..] = rest {
        let (record, after) = bytes.split_at(usize::from(*length).min(bytes.len()));
        records.push(record);
        rest = after;
    }
    decode(&*decoders[usize::from(*which) % decoders.len()], &records);
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let wide = [
        &[1, 2, 10, 0, 0, 0x80, 0x3f, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 4, 1, 2, 2, 1, 2, 3, 4][..],
        &[4, 0, 2, 2, b'x', 0, 2, 2, b'k', 14, 0, 2, 8, 0x80, 1, 4, 1, 44],
    ]
    .concat();
    let framed = |before: &[u8], datum: &[u8]| {
        let record = [before, datum].concat();
        [&[u8::try_from(record.len()).unwrap_or(u8::MAX)][..], &record].concat()
    };
    let simple = framed(&[], &[14, 4, b'4', b'2']);
    vec![
        [&[0][..], &simple, &simple, &[1, 7]].concat(),
        [&[1][..], &framed(&[], &wide), &framed(&[], &wide)].concat(),
        [&[2][..], &simple].concat(),
        [&[3][..], &framed(&[0xc3, 1], &[14, 4, b'4', b'2'])].concat(),
        [&[4][..], &framed(&[0, 0, 0, 0, 9], &wide)].concat(),
    ]
}

/// What stands between a schema and those that it refers to.
const NEXT: &str = "\u{1e}";

const REFERRING: &str = r#"{"type": "record", "name": "shop.Order", "fields": [
    {"name": "price", "type": "Money"}, {"name": "tip", "type": ["null", "shop.Money"]}]}"#;

const REFERRED: &str = r#"{"type": "record", "name": "Money", "namespace": "shop", "fields": [
    {"name": "cents", "type": "long"}, {"name": "kind", "type": {"type": "enum", "name": "K", "symbols": ["A"]}}]}"#;

/// A schema as it stands in a configuration, or comes from a registry, with those that it refers
/// to.
pub(super) fn run_schema(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut texts = text.split(NEXT).map(str::to_owned);
    let Some(first) = texts.next() else { return };
    // Either answer is right; that there is one is what counts.
    drop(check_schema(&first));
    let referred: Vec<String> = texts.collect();
    if let Ok(whole) = whole(&first, &referred) {
        drop(check_schema(&whole));
    }
}

pub(super) fn schema_seeds() -> Vec<Vec<u8>> {
    let referring = [REFERRING, REFERRED].join(NEXT);
    vec![SIMPLE.as_bytes().to_vec(), WIDE.as_bytes().to_vec(), referring.into_bytes()]
}
