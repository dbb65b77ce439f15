//! Records decoded, broken ones refused, neighbours unharmed.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Int64Array, RecordBatch};
use arrow::datatypes::{
    DataType, Decimal128Type, Field, Float64Type, Int32Type, Int64Type, Schema,
    TimestampMicrosecondType,
};
use forebay_core::decode::{Decode, Decoded};

use crate::Decoding;

/// Raw columns: the records, and their offsets.
fn raw(records: &[Option<&[u8]>]) -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("value", DataType::Binary, true),
        Field::new("offset", DataType::Int64, false),
    ]);
    let offsets = Int64Array::from_iter_values(100..100 + i64::try_from(records.len()).unwrap());
    let columns: Vec<ArrayRef> =
        vec![Arc::new(BinaryArray::from(records.to_vec())), Arc::new(offsets)];
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn decoder(options: &str) -> Arc<dyn Decode> {
    let options: Decoding = toml::from_str(&format!("keep = [\"offset\"]\n{options}")).unwrap();
    options.decoder(&raw(&[]).schema(), "value").unwrap_or_else(|problem| panic!("{problem:?}"))
}

fn decode(options: &str, records: &[&str]) -> Decoded {
    let records: Vec<_> = records.iter().map(|record| Some(record.as_bytes())).collect();
    let decoder = decoder(options);
    let decoded = decoder.decode(&raw(&records)).unwrap();
    assert_eq!(decoder.schema(), Some(decoded.columns.schema()));
    assert_eq!(decoded.columns.num_rows() + decoded.rejected.len(), records.len());
    decoded
}

/// The classes and texts of what was refused, with the index.
fn refused(decoded: &Decoded) -> Vec<(u32, &str, &str)> {
    let rejected = decoded.rejected.iter();
    rejected.map(|(row, reason)| (*row, reason.class, reason.text.as_str())).collect()
}

/// Whether the kept column still belongs to the rows that were decoded.
fn assert_rows(decoded: &Decoded, rows: &[u32]) {
    let offsets = decoded.columns.column_by_name("offset").unwrap().as_primitive::<Int64Type>();
    let expected: Vec<_> = rows.iter().map(|row| i64::from(*row) + 100).collect();
    assert_eq!(offsets.values().as_ref(), expected);
    match &decoded.rows {
        Some(found) => assert_eq!(found.values().as_ref(), rows),
        None => assert!(decoded.rejected.is_empty()),
    }
}

#[test]
fn text_refuses_what_is_no_utf8() {
    let records: [Option<&[u8]>; 4] =
        [Some(b"one"), Some(b"tw\xffo"), None, Some("drei é".as_bytes())];
    let decoded = decoder("").decode(&raw(&records)).unwrap();
    assert_eq!(refused(&decoded), [(1, "encoding", "not UTF-8 from byte 2 on")]);
    assert_rows(&decoded, &[0, 2, 3]);
    let text = decoded.columns.column(0).as_string::<i32>();
    assert_eq!(text.iter().collect::<Vec<_>>(), [Some("one"), None, Some("drei é")]);
}

const NESTED: &str = r#"
format = "json"
schema = { id = "bigint not null", ts = "timestamp", price = "decimal(10,2)", tags = ["text"], place = { lat = "double not null", note = "text" }, extra = "json" }
"#;

#[test]
fn json_becomes_typed_columns() {
    let decoded = decode(
        NESTED,
        &[
            r#"{"id": 1, "ts": "2026-01-31T00:00:00.5Z", "price": 12.5, "tags": ["a", null, "\u00e9\ud83d\ude00"], "place": {"lat": 1.5, "note": "x"}, "extra": {"a": [1, 2.50]}, "unknown": {"a": [[]]}}"#,
            r#" {"place": null, "tags": [], "id": "2", "ts": 1500, "price": "99999999.99", "extra": null} "#,
            r#"{"id": 3, "price": 1e2, "id": 4, "tags": ["x"], "tags": ["y", "z"]}"#,
        ],
    );
    assert_eq!(refused(&decoded), []);
    assert_rows(&decoded, &[0, 1, 2]);
    let columns = &decoded.columns;
    assert_eq!(columns.column(0).as_primitive::<Int64Type>().values().as_ref(), [1, 2, 4]);
    let ts = columns.column(1).as_primitive::<TimestampMicrosecondType>();
    let expected = [Some(1_769_817_600_500_000), Some(1_500_000), None];
    assert_eq!(ts.iter().collect::<Vec<_>>(), expected);
    let price = columns.column(2).as_primitive::<Decimal128Type>();
    assert_eq!(price.values().as_ref(), [1250, 9_999_999_999, 10_000]);
    let tags = columns.column(3).as_list::<i32>();
    assert_eq!(tags.value_offsets(), [0, 3, 3, 5]);
    let words: Vec<_> = tags.values().as_string::<i32>().iter().collect();
    assert_eq!(words, [Some("a"), None, Some("é😀"), Some("y"), Some("z")]);
    let place = columns.column(4).as_struct();
    assert_eq!(place.nulls().unwrap().iter().collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(place.column(0).as_primitive::<Float64Type>().value(0), 1.5);
    let extra = columns.column(5).as_string::<i32>();
    assert_eq!(extra.iter().collect::<Vec<_>>(), [Some(r#"{"a": [1, 2.50]}"#), None, None]);
}

#[test]
fn a_broken_json_record_says_which_field_and_why() {
    let good = r#"{"id": 7, "place": {"lat": 2}}"#;
    let decoded = decode(
        NESTED,
        &[
            good,
            r#"{"id": 1, "ts": "#,
            r#"{"id": 1}{"id": 2}"#,
            r#"{"id": 1} x"#,
            "",
            "[1]",
            r#"{"id": "x"}"#,
            r#"{"id": 1.5}"#,
            r#"{"id": 9223372036854775808}"#,
            r#"{"ts": 5}"#,
            r#"{"id": null}"#,
            r#"{"id": 1, "place": {"note": "n"}}"#,
            r#"{"id": 1, "place": {"lat": true}}"#,
            r#"{"id": 1, "tags": ["a", {"b": 1}]}"#,
            r#"{"id": 1, "price": 1.005}"#,
            r#"{"id": 1, "place": 5}"#,
            r#"{"id": 1, "tags": "\ud800"}"#,
            r#"{"id": 1,, "x": 2}"#,
            r#"{"id": 1, "extra": 01}"#,
            good,
        ],
    );
    assert_rows(&decoded, &[0, 19]);
    let place = decoded.columns.column(4).as_struct();
    assert_eq!(place.column(0).as_primitive::<Float64Type>().values().as_ref(), [2.0, 2.0]);
    let classes: Vec<_> = refused(&decoded).iter().map(|(_, class, _)| *class).collect();
    let expected = "syntax syntax syntax syntax type type type type missing missing missing type type type type syntax syntax syntax";
    assert_eq!(classes.join(" "), expected, "{:#?}", decoded.rejected);
    for (index, text) in [
        (0, "EOF while parsing a value (column 16)"),
        (1, "trailing characters (column 10)"),
        (4, "invalid type: sequence, expected an object"),
        (5, "field `id`: `x` is no bigint"),
        (6, "field `id`: expected bigint, got 1.5 (column 10)"),
        (7, "field `id`: 9223372036854775808 does not fit bigint"),
        (8, "field `id`: the field is missing"),
        (9, "field `id`: the field must not be null"),
        (10, "field `place.lat`: the field is missing"),
        (11, "field `place.lat`: expected double, got true"),
        (12, "field `tags`: expected text, got an object"),
        (13, "field `price`: `1.005` does not fit decimal(10,2)"),
        (14, "field `place`: expected an object, got 5"),
    ] {
        let found = &decoded.rejected[index].1.text;
        assert!(found.starts_with(text), "{found} is not {text}");
    }
}

#[test]
fn unknown_fields_can_be_refused() {
    let options = "format = \"json\"\nschema = { a = \"int\" }\njson = { unknown = \"refuse\" }";
    let decoded = decode(options, &[r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#]);
    let text = "the schema has no field `b` (column 12)";
    assert_eq!(refused(&decoded), [(1, "type", text)]);
}

#[test]
fn deep_nesting_and_long_values_do_no_harm() {
    let deep =
        |open: &str, close: &str| format!("{}1{}", open.repeat(200_000), close.repeat(200_000));
    let records = [
        format!(r#"{{"id": 1, "unknown": {}}}"#, deep("[", "]")),
        format!(r#"{{"id": 1, "extra": {}}}"#, deep("{\"a\":", "}")),
        format!(r#"{{"id": 1, "tags": {}}}"#, deep("[", "]")),
        format!(r#"{{"id": 1, "unknown": {}"#, "[".repeat(200_000)),
        format!(r#"{{"id": "{}"}}"#, "é".repeat(100_000)),
        format!(r#"{{"{}": 1}}"#, "k".repeat(100_000)),
        r#"{"id": 5}"#.to_owned(),
    ];
    let records: Vec<_> = records.iter().map(String::as_str).collect();
    let decoded = decode(NESTED, &records);
    assert_rows(&decoded, &[0, 1, 6]);
    for (_, reason) in &decoded.rejected {
        assert!(reason.text.chars().count() < 400, "{}", reason.text.len());
    }
}

const TABLE: &str = r#"
format = "csv"
schema = { id = "bigint not null", name = "text", price = "decimal(8,2)", at = "date" }
"#;

#[test]
fn csv_becomes_typed_columns() {
    let decoded = decode(
        TABLE,
        &["1,plain,1.50,2026-01-31", "2,\"a \"\"quoted\"\", one\nwith a line end\",,\r\n", "3,,7,"],
    );
    assert_eq!(refused(&decoded), []);
    let name: Vec<_> = decoded.columns.column(1).as_string::<i32>().iter().collect();
    assert_eq!(name, [Some("plain"), Some("a \"quoted\", one\nwith a line end"), None]);
    let price: Vec<_> = decoded.columns.column(2).as_primitive::<Decimal128Type>().iter().collect();
    assert_eq!(price, [Some(150), None, Some(700)]);
}

#[test]
fn a_broken_csv_record_says_which_field_and_why() {
    let decoded = decode(
        TABLE,
        &[
            "1,a,1,",
            "x,a,1,",
            ",a,1,",
            "1,a,1",
            "1,\"a,1,",
            "1,a,1,\n2,b,2,",
            "1,a,b,",
            "",
            "1,a,1,",
        ],
    );
    assert_rows(&decoded, &[0, 8]);
    assert_eq!(
        refused(&decoded),
        [
            (1, "type", "field `id`: `x` is no bigint"),
            (2, "missing", "field `id`: the field must not be null"),
            (3, "syntax", "expected 4 fields, got 3"),
            (4, "syntax", "a quoted field is not closed"),
            (5, "syntax", "a second record follows the first"),
            (6, "type", "field `price`: `b` is no decimal(8,2)"),
            (7, "syntax", "expected 4 fields, got 1"),
        ]
    );
}

#[test]
fn csv_has_many_dialects() {
    let options = "format = \"csv\"\nschema = { a = \"text\", b = \"int\" }\n\
        csv = { delimiter = \"\\t\", quote = \"'\", escape = \"\\\\\", null = \"NULL\" }";
    let decoded = decode(options, &["'it\\'s'\t5", "NULL\tNULL", "\t6"]);
    let text: Vec<_> = decoded.columns.column(0).as_string::<i32>().iter().collect();
    assert_eq!(text, [Some("it's"), None, Some("")]);
    let numbers: Vec<_> = decoded.columns.column(1).as_primitive::<Int32Type>().iter().collect();
    assert_eq!(numbers, [Some(5), None, Some(6)]);
}

#[test]
fn a_record_without_bytes_is_refused_where_columns_are_made() {
    for options in [NESTED, TABLE] {
        let decoded = decoder(options).decode(&raw(&[None])).unwrap();
        assert_eq!(refused(&decoded), [(0, "null", "the record has no value")]);
        assert_eq!(decoded.columns.num_rows(), 0);
    }
}

#[test]
fn one_broken_line_in_a_million_takes_no_other_with_it() {
    let schema = raw(&[]).schema();
    let mut values = arrow::array::BinaryBuilder::new();
    const BROKEN: i64 = 654_321;
    for id in 0..1_000_000i64 {
        match id {
            BROKEN => values.append_value(format!("{{\"id\": {id}, \"price\": \"")),
            _ => values.append_value(format!("{{\"id\": {id}}}")),
        }
    }
    let offsets = Int64Array::from_iter_values(100..1_000_100);
    let columns: Vec<ArrayRef> = vec![Arc::new(values.finish()), Arc::new(offsets)];
    let batch = RecordBatch::try_new(schema, columns).unwrap();
    let decoded = decoder(NESTED).decode(&batch).unwrap();
    assert_eq!(decoded.rejected.len(), 1);
    assert_eq!((i64::from(decoded.rejected[0].0), decoded.rejected[0].1.class), (BROKEN, "syntax"));
    let ids = decoded.columns.column(0).as_primitive::<Int64Type>().values();
    assert!(ids.iter().copied().eq((0..1_000_000).filter(|id| *id != BROKEN)));
    let rows = decoded.rows.unwrap();
    assert!(rows.values().iter().map(|row| i64::from(*row)).eq(ids.iter().copied()));
}
