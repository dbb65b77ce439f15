//! JSON records are taken and refused as `serde_json` takes and refuses them, with equal values.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what is wrong")]

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use forebay_formats::{Decoding, Format, SchemaSpec};
use proptest::prelude::*;
use serde_json::{Map, Value};

/// A row as the oracle sees it.
#[derive(Debug, PartialEq)]
struct Row {
    id: Option<i64>,
    price: Option<u64>,
    name: Option<String>,
    flag: Option<bool>,
    tags: Option<Vec<Option<String>>>,
    lat: Option<Option<u64>>,
}

/// A field that is absent or null, of the right type, or wrong.
fn field<T>(value: Option<&Value>, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, ()> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => read(value).map(Some).ok_or(()),
    }
}

fn bigint(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let double = number.as_f64().filter(|_| number.is_f64())?;
            (double.fract() == 0.0 && double.abs() <= 9_007_199_254_740_992.0)
                .then_some(double as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn double(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_f64().map(f64::to_bits),
        Value::String(text) => text.trim().parse().ok().map(f64::to_bits),
        _ => None,
    }
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => Some(true),
            "false" | "f" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn oracle(record: &[u8]) -> Result<Row, ()> {
    let object: Map<String, Value> = serde_json::from_slice(record).map_err(|_| ())?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Ok(Row {
        id: field(object.get("id"), bigint)?,
        price: field(object.get("price"), double)?,
        name: field(object.get("name"), text)?,
        flag: field(object.get("flag"), boolean)?,
        tags: field(object.get("tags"), |value| {
            value.as_array()?.iter().map(|tag| field(Some(tag), text).ok()).collect()
        })?,
        lat: field(object.get("place"), |value| field(value.as_object()?.get("lat"), double).ok())?,
    })
}

/// Whether a number is beyond a double. Such a number is no matter in a field that nobody reads,
/// but the oracle, which reads all fields, cannot hold it.
fn is_beyond_the_oracle(record: &[u8]) -> bool {
    let value = serde_json::from_slice::<Value>(record);
    value.is_err_and(|error| error.to_string().starts_with("number out of range"))
}

fn row(batch: &RecordBatch, row: usize) -> Row {
    let valid = |column: usize| batch.column(column).is_valid(row).then_some(());
    let texts = |list: ArrayRef| {
        list.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
    };
    let place = batch.column(5).as_struct();
    let lat = place.column(0).as_primitive::<Float64Type>();
    Row {
        id: valid(0).map(|()| batch.column(0).as_primitive::<Int64Type>().value(row)),
        price: valid(1)
            .map(|()| batch.column(1).as_primitive::<Float64Type>().value(row).to_bits()),
        name: valid(2).map(|()| batch.column(2).as_string::<i32>().value(row).to_owned()),
        flag: valid(3).map(|()| batch.column(3).as_boolean().value(row)),
        tags: valid(4).map(|()| texts(batch.column(4).as_list::<i32>().value(row))),
        lat: valid(5).map(|()| lat.iter().nth(row).flatten().map(f64::to_bits)),
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[0-9.eE+-]{0,6}", Just("true".to_owned())]
}

/// Numbers as they can be written, beyond what a double holds.
fn any_number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-1e6..1e6).prop_map(Value::from),
        (-1_000_000i32..1_000_000).prop_map(|whole| Value::from(f64::from(whole))),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any_number(),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("lat|name|[a-z]{0,3}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A record of which most fields are right, some are wrong, and some bytes are damaged.
fn any_record() -> impl Strategy<Value = Vec<u8>> {
    let tags = prop::collection::vec(prop::option::of(any_text()), 0..4);
    let right = (any::<i64>(), any_number(), any_text(), any::<bool>(), tags, any_number());
    let strays =
        prop::collection::vec(("id|price|name|flag|tags|place|[a-z]{0,3}", any_value()), 0..3);
    let damage = prop::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>(), 0..3u8));
    (right, prop::collection::vec(any::<bool>(), 6), strays, damage).prop_map(
        |((id, price, name, flag, tags, lat), present, strays, damage)| {
            let mut object = Map::new();
            let fields = [
                ("id", Value::from(id)),
                ("price", price),
                ("name", name.into()),
                ("flag", flag.into()),
                ("tags", tags.into()),
                ("place", serde_json::json!({ "lat": lat, "other": [1] })),
            ];
            for ((name, value), present) in fields.into_iter().zip(present) {
                if present {
                    object.insert(name.to_owned(), value);
                }
            }
            object.extend(strays);
            let mut record = serde_json::to_vec(&object).unwrap();
            if let Some((at, byte, kind)) = damage {
                let at = at.index(record.len());
                match kind {
                    0 => record.truncate(at),
                    1 => record[at] = byte,
                    _ => record.insert(at, byte),
                }
            }
            record
        },
    )
}

fn decoding() -> Decoding {
    let schema: SchemaSpec = serde_json::from_str(
        r#"{"id": "bigint", "price": "double", "name": "text", "flag": "boolean", "tags": ["text"], "place": {"lat": "double"}}"#,
    )
    .unwrap();
    Decoding { format: Format::Json, schema: Some(schema), ..Decoding::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn records_are_taken_as_the_oracle_takes_them(
        records in prop::collection::vec(any_record(), 1..8),
    ) {
        let schema = Arc::new(Schema::new(vec![Field::new("value", DataType::Binary, false)]));
        let values: ArrayRef = Arc::new(BinaryArray::from_iter_values(&records));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![values]).unwrap();
        let decoder = decoding().decoder(&schema, "value").unwrap();
        let decoded = decoder.decode(&batch).unwrap();
        let mut rows = 0;
        let mut rejected = decoded.rejected.iter().peekable();
        for (index, record) in records.iter().enumerate() {
            let refused = rejected.next_if(|(row, _)| *row as usize == index);
            if is_beyond_the_oracle(record) {
                rows += usize::from(refused.is_none());
                continue;
            }
            match oracle(record) {
                Ok(expected) => {
                    let text = String::from_utf8_lossy(record);
                    prop_assert!(refused.is_none(), "{text}: {refused:?}");
                    prop_assert_eq!(row(&decoded.columns, rows), expected, "{}", text);
                    rows += 1;
                }
                Err(()) => prop_assert!(refused.is_some(), "{}", String::from_utf8_lossy(record)),
            }
        }
        prop_assert_eq!(rows, decoded.columns.num_rows());
    }
}

#[test]
fn a_number_beyond_a_double_matters_only_where_it_is_read() {
    let schema = Arc::new(Schema::new(vec![Field::new("value", DataType::Binary, false)]));
    let records: [&[u8]; 2] = [br#"{"id": 1, "stray": 1e309}"#, br#"{"id": 2, "price": 1e309}"#];
    let values: ArrayRef = Arc::new(BinaryArray::from_iter_values(records));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![values]).unwrap();
    let decoded = decoding().decoder(&schema, "value").unwrap().decode(&batch).unwrap();
    assert_eq!(decoded.columns.num_rows(), 1);
    assert_eq!(decoded.rejected.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [1]);
}
