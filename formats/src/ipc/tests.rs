//! Rows of Arrow IPC streams, made records and read back.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, DictionaryArray, Int64Array, NullArray, RecordBatch,
    StringArray,
};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, Int8Type, Int32Type, Int64Type, Schema, SchemaRef};
use arrow_ipc::writer::StreamWriter;
use proptest::prelude::*;

use super::{ArrowRows, Taken, read_back};
use crate::{Decoding, SchemaSpec};

const MIB: usize = 1 << 20;

fn spec(schema: &str) -> SchemaSpec {
    toml::from_str::<Decoding>(&format!("schema = {schema}")).unwrap().schema.unwrap()
}

fn rows(schema: &str) -> ArrowRows {
    ArrowRows::new(&spec(schema), MIB, MIB)
}

/// All that there is to take.
fn taken(rows: &mut ArrowRows) -> Taken {
    let mut all = rows.take().unwrap();
    while !rows.is_empty() {
        let Taken { values, refused } = rows.take().unwrap();
        let parts: [&dyn Array; 2] = [&all.values, &values];
        all.values = concat(&parts).unwrap().as_binary().clone();
        all.refused.extend(refused);
    }
    all
}

fn stream(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

fn batch(columns: &[(&str, ArrayRef)]) -> RecordBatch {
    let columns = columns.iter().map(|(name, column)| (*name, column.clone(), true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn numbers(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

/// What the records become that were made of these rows.
fn decoded(schema: &str, values: &BinaryArray) -> RecordBatch {
    let field = Field::new("value", DataType::Binary, true);
    let raw: SchemaRef = Arc::new(Schema::new(vec![field]));
    let decoder = read_back(&spec(schema), vec![]).unwrap().decoder(&raw, "value").unwrap();
    let records = RecordBatch::try_new(raw, vec![Arc::new(values.clone())]).unwrap();
    let decoded = decoder.decode(&records).unwrap();
    assert_eq!(decoded.rejected, []);
    assert_eq!(Some(decoded.columns.schema()), decoder.schema());
    decoded.columns
}

const ALL: &str = r#"{ a = "boolean", b = "tinyint", c = "smallint", d = "int", e = "bigint!",
    f = "float", g = "double", h = "decimal(10,2)", i = "text", j = "json", k = "blob",
    l = "date", m = "time", n = "timestamp", o = "uuid", p = ["int"], q = { r = "text" } }"#;

/// Two rows of all types: one full, one of nulls where there may be any.
fn all() -> RecordBatch {
    let json = br#"{"a":true,"b":-8,"c":-16,"d":32,"e":64,"f":0.5,"g":0.25,"h":12.34,"i":"text","j":{"x":[1]},"k":"00ff","l":"2026-01-31","m":"13:45:00.5","n":"2026-01-31T13:45:00.5Z","o":"0b2f5c1e-8a52-4a53-9d0c-0d3a2c7c6f11","p":[1,null],"q":{"r":"s"}}"#;
    let field = Field::new("value", DataType::Binary, true);
    let raw: SchemaRef = Arc::new(Schema::new(vec![field]));
    let options: Decoding =
        toml::from_str(&format!("format = \"json\"\nschema = {}", ALL.replace('\n', " "))).unwrap();
    let decoder = options.decoder(&raw, "value").unwrap();
    let values = BinaryArray::from_iter_values([&json[..], br#"{"e":-1}"#]);
    let decoded =
        decoder.decode(&RecordBatch::try_new(raw, vec![Arc::new(values)]).unwrap()).unwrap();
    assert_eq!(decoded.rejected, []);
    decoded.columns
}

proptest! {
    #[test]
    fn rows_of_all_types_come_back_however_the_stream_is_cut(cuts in prop::collection::vec(1_usize..400, 1..40)) {
        let schema = ALL.replace('\n', " ");
        let all = all();
        let bytes = stream(&[all.clone(), all.slice(1, 1)]);
        let mut rows = rows(&schema);
        let (mut rest, mut cuts) = (&bytes[..], cuts.into_iter().cycle());
        while !rest.is_empty() {
            let (now, later) = rest.split_at(cuts.next().unwrap_or(1).min(rest.len()));
            rows.push(now).unwrap();
            rest = later;
        }
        let Taken { values, refused } = taken(&mut rows);
        prop_assert_eq!(refused, vec![]);
        let columns = decoded(&schema, &values);
        prop_assert_eq!(columns.slice(0, 2), all.clone());
        prop_assert_eq!(columns.slice(2, 1), all.slice(1, 1));
        prop_assert!(rows.is_empty());
    }

    #[test]
    fn whatever_comes_is_an_error_at_most(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = stream(&[batch(&[("id", numbers(0..20))])]);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let mut rows = rows(r#"{ id = "bigint" }"#);
        let _ = rows.push(&bytes);
        let _ = rows.finish();
        prop_assert!(taken(&mut rows).values.len() <= 20);
    }
}

#[test]
fn columns_go_by_their_names_and_become_those_of_the_schema() {
    let words: DictionaryArray<Int32Type> = ["x", "y", "x"].into_iter().collect();
    let nothing: ArrayRef = Arc::new(NullArray::new(3));
    let columns = [
        ("unasked", numbers(7..10)),
        ("word", Arc::new(words) as ArrayRef),
        ("id", numbers(1..4)),
        ("nothing", nothing),
    ];
    let schema = r#"{ id = "tinyint", word = "text", nothing = "text", absent = "date" }"#;
    let mut rows = rows(schema);
    rows.push(&stream(&[batch(&columns)])).unwrap();
    let columns = decoded(schema, &taken(&mut rows).values);
    assert_eq!(columns["id"].as_primitive::<Int8Type>().values().as_ref(), [1, 2, 3]);
    let words: Vec<_> = columns["word"].as_string::<i32>().iter().flatten().collect();
    assert_eq!(words, ["x", "y", "x"]);
    assert_eq!((columns["nothing"].null_count(), columns["absent"].null_count()), (3, 3));
}

#[test]
fn a_row_that_does_not_fit_is_refused_alone() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("1"), None, Some("x"), Some("4")]));
    let mut rows = rows(r#"{ id = "int!" }"#);
    rows.push(&stream(&[batch(&[("id", texts)])])).unwrap();
    let Taken { values, refused } = taken(&mut rows);
    let columns = decoded(r#"{ id = "int!" }"#, &values);
    assert_eq!(columns["id"].as_primitive::<Int32Type>().values().as_ref(), [1, 4]);
    let refused: Vec<_> = refused
        .into_iter()
        .map(|(bytes, reason)| (String::from_utf8(bytes).unwrap(), reason.class))
        .collect();
    assert_eq!(refused, [("{}\n".into(), "missing"), ("{\"id\":\"x\"}\n".into(), "type")]);
}

#[test]
fn a_row_that_is_too_large_is_refused_alone() {
    let long: ArrayRef = Arc::new(StringArray::from(vec!["a".repeat(9_000), "b".to_owned()]));
    let mut rows = ArrowRows::new(&spec(r#"{ text = "text" }"#), MIB, 8_000);
    rows.push(&stream(&[batch(&[("text", long)])])).unwrap();
    let Taken { values, refused } = taken(&mut rows);
    assert_eq!((values.len(), refused.len()), (1, 1));
    assert_eq!((refused[0].0.len(), refused[0].1.class), (4096, "oversize"));
}

#[test]
fn a_batch_of_any_number_of_rows_is_taken_piece_by_piece() {
    let nothing: ArrayRef = Arc::new(NullArray::new(1 << 40));
    let mut rows = rows(r#"{ id = "bigint" }"#);
    rows.push(&stream(&[batch(&[("id", nothing)])])).unwrap();
    for _ in 0..3 {
        assert_eq!(rows.take().unwrap().values.len(), 256);
    }
    assert!(!rows.is_empty());
}

#[test]
fn another_stream_may_follow_with_other_columns() {
    let first = stream(&[batch(&[("id", numbers(0..2))])]);
    let small: ArrayRef = Arc::new(arrow::array::Int32Array::from_iter_values(2..4));
    let second = stream(&[batch(&[("more", numbers(5..7)), ("id", small)])]);
    let mut rows = rows(r#"{ id = "bigint" }"#);
    rows.push(&[first, second].concat()).unwrap();
    rows.finish().unwrap();
    let columns = decoded(r#"{ id = "bigint" }"#, &taken(&mut rows).values);
    assert_eq!(columns["id"].as_primitive::<Int64Type>().values().as_ref(), [0, 1, 2, 3]);
}

#[test]
fn what_cannot_be_followed_is_told() {
    let told = |bytes: &[u8]| rows(r#"{ id = "bigint" }"#).push(bytes).unwrap_err();
    assert!(
        told(b"{\"id\": 1}\n").starts_with("is no Arrow IPC stream"),
        "{}",
        told(b"{\"id\": 1}")
    );
    let huge = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0x7f];
    assert!(told(&huge).contains("bytes of metadata"), "{}", told(&huge));
    let other = told(&stream(&[batch(&[("name", numbers(0..1))])]));
    assert!(other.contains("none of the columns is in the schema; there are name"), "{other}");
    let large = told(&stream(&[batch(&[("id", numbers(0..200_000))])]));
    assert!(large.contains("announces a batch of 16"), "{large}");
}

#[test]
fn a_batch_that_breaks_off_is_refused_as_far_as_it_came() {
    let bytes = stream(&[batch(&[("id", numbers(0..100))]), batch(&[("id", numbers(0..100))])]);
    let mut rows = rows(r#"{ id = "bigint" }"#);
    rows.push(&bytes[..bytes.len() - 100]).unwrap();
    rows.finish().unwrap();
    let Taken { values, refused } = taken(&mut rows);
    assert_eq!((values.len(), refused.len()), (100, 1));
    assert_eq!(refused[0].1.class, "truncated");
}

#[test]
fn a_record_of_another_schema_is_refused_and_not_misread() {
    let mut rows = rows(r#"{ id = "bigint" }"#);
    rows.push(&stream(&[batch(&[("id", numbers(0..2))])])).unwrap();
    let values = taken(&mut rows).values;
    let raw: SchemaRef = Arc::new(Schema::new(vec![Field::new("value", DataType::Binary, true)]));
    let other = read_back(&spec(r#"{ id = "text" }"#), vec![]).unwrap();
    let decoder = other.decoder(&raw, "value").unwrap();
    let records = RecordBatch::try_new(raw, vec![Arc::new(values)]).unwrap();
    let decoded = decoder.decode(&records).unwrap();
    assert_eq!((decoded.columns.num_rows(), decoded.rejected.len()), (0, 2));
}
