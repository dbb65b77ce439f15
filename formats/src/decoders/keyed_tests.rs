//! Keys and values decoded together.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BinaryArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema};
use forebay_core::decode::{Decode, Decoded};

use crate::{Decoding, KeyDecoding};

fn raw() -> Schema {
    Schema::new(vec![
        Field::new("key", DataType::Binary, true),
        Field::new("value", DataType::Binary, true),
        Field::new("offset", DataType::Int64, false),
    ])
}

type Record<'a> = (Option<&'a str>, Option<&'a str>);

fn batch(records: &[Record<'_>]) -> RecordBatch {
    let column = |pick: fn(&Record<'_>) -> Option<String>| {
        let texts: Vec<Option<String>> = records.iter().map(pick).collect();
        let bytes = texts.iter().map(|text| text.as_ref().map(String::as_bytes));
        Arc::new(bytes.collect::<BinaryArray>())
    };
    let keys = column(|(key, _)| key.map(str::to_owned));
    let values = column(|(_, value)| value.map(str::to_owned));
    let offsets = Arc::new(Int64Array::from_iter_values(100..100 + records.len() as i64));
    RecordBatch::try_new(Arc::new(raw()), vec![keys, values, offsets]).unwrap()
}

fn keyed(value: &str, key: &str) -> Result<Arc<dyn Decode>, forebay_core::component::Problem> {
    let value: Decoding = toml::from_str(value).unwrap();
    let key: KeyDecoding = toml::from_str(key).unwrap();
    key.beside(value.decoder(&raw(), "value")?, &raw(), "key")
}

fn decode(value: &str, key: &str, records: &[Record<'_>]) -> Decoded {
    let decoder = keyed(value, key).unwrap();
    let decoded = decoder.decode(&batch(records)).unwrap();
    assert_eq!(decoder.schema(), Some(decoded.columns.schema()));
    let rows = decoded.columns.num_rows();
    assert_eq!(rows + decoded.rejected.len(), records.len());
    assert_eq!(decoded.rows.as_ref().map_or(rows, Array::len), rows);
    decoded
}

fn refused(decoded: &Decoded) -> Vec<(u32, &str)> {
    decoded.rejected.iter().map(|(row, reason)| (*row, reason.class)).collect()
}

const VALUE: &str = "format = \"json\"\nschema = { id = \"bigint\" }\nkeep = [\"offset\"]";

#[test]
fn a_key_of_text_is_a_column() {
    let records =
        [(Some("a"), Some("{\"id\": 1}")), (None, Some("{\"id\": 2}")), (Some(""), Some("{}"))];
    let decoded = decode(VALUE, "", &records);
    let keys: Vec<_> = decoded.columns["key"].as_string::<i32>().iter().collect();
    assert_eq!(keys, [Some("a"), None, Some("")]);
    assert_eq!((decoded.rows, decoded.rejected.len()), (None, 0));
}

#[test]
fn a_key_with_columns_has_a_prefix_and_takes_no_other_record_along() {
    let records = [
        (Some("{\"id\": 1, \"area\": \"n\"}"), Some("{\"id\": 10}")),
        (Some("{\"id\": "), Some("{\"id\": 11}")),
        (None, Some("{\"id\": 12}")),
        (Some("{\"id\": 4}"), Some("{\"id\": ")),
        (Some("no"), Some("no")),
        (Some("{\"id\": \"x\"}"), Some("{\"id\": 15}")),
        (Some("{\"id\": 7}"), Some("{\"id\": 16}")),
    ];
    let key = "format = \"json\"\nschema = { id = \"int\", area = \"text\" }";
    let decoded = decode(VALUE, key, &records);
    assert_eq!(refused(&decoded), [(1, "syntax"), (3, "syntax"), (4, "syntax"), (5, "type")]);
    let text = |at: usize| &decoded.rejected[at].1.text;
    assert!(text(0).starts_with("the key: ") && text(3).starts_with("the key: "), "{decoded:?}");
    assert!(!text(1).contains("the key") && !text(2).contains("the key"), "{decoded:?}");
    let ids = decoded.columns["id"].as_primitive::<Int64Type>().values();
    assert_eq!(ids.as_ref(), [10, 12, 16]);
    let keys: Vec<_> = decoded.columns["key_id"].as_primitive::<Int32Type>().iter().collect();
    assert_eq!(keys, [Some(1), None, Some(7)]);
    assert!(decoded.columns["key_area"].as_string::<i32>().is_null(2));
    let offsets = decoded.columns["offset"].as_primitive::<Int64Type>().values();
    assert_eq!(offsets.as_ref(), [100, 102, 106]);
    assert_eq!(decoded.rows.as_ref().unwrap().values().as_ref(), [0, 2, 6]);
}

#[test]
fn a_key_that_must_be_there_is_missed() {
    let records = [(None, Some("{\"id\": 1}")), (Some("5;n"), Some("{\"id\": 2}"))];
    let key = "format = \"csv\"\nprefix = \"k.\"\nschema = { id = \"int not null\", area = \"text\" }\ncsv = { delimiter = \";\" }";
    let decoded = decode(VALUE, key, &records);
    assert_eq!(refused(&decoded), [(0, "missing")]);
    assert_eq!(decoded.columns["k.id"].as_primitive::<Int32Type>().values().as_ref(), [5]);
    assert!(!decoded.columns.schema().field_with_name("k.id").unwrap().is_nullable());
}

#[test]
fn avro_keys_stand_beside_any_value() {
    let writer = r#"{"type": "record", "name": "Key", "fields": [{"name": "id", "type": "long"}]}"#;
    let key = format!("format = \"avro\"\navro = {{ writer_schema = '{writer}' }}");
    let records = [(Some("\u{2}"), Some("one")), (None, Some("two")), (Some("\u{8}"), Some("x"))];
    let decoded = decode("format = \"text\"", &key, &records);
    let keys: Vec<_> = decoded.columns["key_id"].as_primitive::<Int64Type>().iter().collect();
    assert_eq!(keys, [Some(1), None, Some(4)]);
    assert_eq!(decoded.columns["value"].as_string::<i32>().value(1), "two");
}

#[test]
fn no_records_have_no_keys() {
    assert_eq!(decode(VALUE, "", &[]).columns.num_rows(), 0);
    let none = [(None, Some("{}")), (None, Some("{}"))];
    assert_eq!(decode(VALUE, "", &none).columns["key"].null_count(), 2);
}

#[test]
fn columns_that_are_there_twice_and_formats_that_no_key_has_are_told() {
    let told = |value: &str, key: &str| {
        let problem = keyed(value, key).err().unwrap();
        (problem.path.join("."), problem.message)
    };
    let (path, text) = told("format = \"json\"\nschema = { key = \"int\" }", "");
    assert_eq!((path.as_str(), text.contains("`key`")), ("key", true));
    assert_eq!(told("format = \"text\"\nkeep = [\"key\"]", "").0, "key");
    assert_eq!(told("format = \"bytes\"", "").0, "key");
    assert_eq!(told(VALUE, "format = \"parquet\"").0, "key.format");
    assert_eq!(told(VALUE, "format = \"bytes\"").0, "key.format");
    assert_eq!(told(VALUE, "format = \"json\"").0, "key.schema");
    assert_eq!(told(VALUE, "registry = { url = \"http://a\" }").0, "key.registry");
}
