//! Which records rows become.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Int64Array, ListBuilder, StringArray, StringBuilder, StructBuilder,
    TimestampSecondArray,
};
use arrow::datatypes::{DataType, Field};
use rdkafka::message::Headers as _;

use super::*;

fn shape(options: serde_json::Value) -> Shape {
    let mut all = serde_json::json!({ "brokers": ["127.0.0.1:9092"], "topic": "orders" });
    all.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    Shape::of(&serde_json::from_value(all).unwrap()).unwrap()
}

/// Rows as the source `kafka` gives them.
fn kafka_rows() -> RecordBatch {
    let fields =
        vec![Field::new("key", DataType::Utf8, true), Field::new("value", DataType::Utf8, true)];
    let mut headers = ListBuilder::new(StructBuilder::from_fields(fields, 1));
    for pairs in [vec![("a", Some("1")), ("b", None)], vec![]] {
        for (key, value) in &pairs {
            headers.values().field_builder::<StringBuilder>(0).unwrap().append_value(key);
            headers.values().field_builder::<StringBuilder>(1).unwrap().append_option(*value);
            headers.values().append(true);
        }
        headers.append(!pairs.is_empty());
    }
    let columns: [(&str, ArrayRef); 4] = [
        ("key", Arc::new(BinaryArray::from(vec![Some(&b"k"[..]), None]))),
        ("value", Arc::new(BinaryArray::from(vec![Some(&b"v"[..]), None]))),
        ("headers", Arc::new(headers.finish())),
        ("topic", Arc::new(StringArray::from(vec!["in", "in"]))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn rows() -> RecordBatch {
    let columns: [(&str, ArrayRef); 4] = [
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("region", Arc::new(StringArray::from(vec![Some("eu"), None, Some("no where")]))),
        ("ts", Arc::new(TimestampSecondArray::from(vec![5, i64::MAX / 1_000, 7]))),
        ("shard", Arc::new(Int64Array::from(vec![Some(4), None, Some(0)]))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, it)| (name, it, true))).unwrap()
}

/// Topic, partition, key, value, time and headers of a record, for reading.
fn told(shape: &Shape, rows: &RecordBatch, row: usize) -> Result<String, Reason> {
    let mut records = shape.bind(rows).unwrap();
    let record = records.get(row)?;
    let text = |bytes: Option<&[u8]>| bytes.map(|it| String::from_utf8_lossy(it).into_owned());
    let headers: Vec<_> = record
        .headers
        .iter()
        .flat_map(|headers| headers.as_borrowed().iter())
        .map(|header| format!("{}={:?}", header.key, text(header.value)))
        .collect();
    Ok(format!(
        "{} {:?} {:?} {:?} {:?} {headers:?}",
        record.topic,
        record.partition,
        text(record.key),
        text(record.value),
        record.timestamp,
    ))
}

#[test]
fn records_of_kafka_are_passed_on_as_they_are() {
    let shape = shape(serde_json::json!({}));
    assert_eq!(
        told(&shape, &kafka_rows(), 0).unwrap(),
        r#"orders None Some("k") Some("v") None ["a=Some(\"1\")", "b=None"]"#
    );
    // A tombstone stays one.
    assert_eq!(told(&shape, &kafka_rows(), 1).unwrap(), "orders None None None None []");
}

#[test]
fn other_rows_are_json() {
    let shape = shape(serde_json::json!({"key": "{id}"}));
    assert_eq!(
        told(&shape, &rows(), 0).unwrap(),
        r#"orders None Some("1") Some("{\"id\":1,\"region\":\"eu\",\"ts\":\"1970-01-01T00:00:05\",\"shard\":4}") None []"#
    );
}

#[test]
fn a_format_makes_the_whole_row_the_value() {
    let shape = shape(serde_json::json!({"format": "csv"}));
    let mut rows = kafka_rows();
    rows.remove_column(2);
    assert_eq!(told(&shape, &rows, 0).unwrap(), r#"orders None None Some("6b,76,in") None []"#);
}

#[test]
fn everything_can_come_from_columns() {
    let shape = shape(serde_json::json!({
        "topic": "orders-{region}", "key": "{region}/{id}", "value": "{id}", "partition": "{shard}",
        "timestamp": "{ts}", "headers": {"from": "forebay", "region": "{region}"},
    }));
    assert_eq!(
        told(&shape, &rows(), 0).unwrap(),
        r#"orders-eu Some(4) Some("eu/1") Some("1") Some(5000) ["from=Some(\"forebay\")", "region=Some(\"eu\")"]"#
    );
    assert_eq!(told(&shape, &rows(), 1).unwrap_err().class, "topic");
    assert_eq!(told(&shape, &rows(), 2).unwrap_err().class, "topic");
}

#[test]
fn a_value_that_the_format_cannot_hold_takes_no_other_row_along() {
    let rows = rows();
    let shape = shape(serde_json::json!({}));
    let mut records = shape.bind(&rows).unwrap();
    assert!(records.get(0).is_ok());
    assert_eq!(records.get(1).err().unwrap().class, "range");
    let value = records.get(2).unwrap().value.map(<[u8]>::to_vec).unwrap();
    assert!(value.starts_with(b"{\"id\":3"), "{value:?}");
}

#[test]
fn rows_beyond_a_block_are_encoded_too() {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..3_000));
    let rows = RecordBatch::try_from_iter([("id", ids)]).unwrap();
    let shape = shape(serde_json::json!({}));
    let mut records = shape.bind(&rows).unwrap();
    for row in [0, 1023, 1024, 2999, 5, 2048] {
        let value = records.get(row).unwrap().value.unwrap();
        assert_eq!(value, format!("{{\"id\":{row}}}").as_bytes());
    }
}

#[test]
fn a_record_that_is_too_large_is_found_before_it_is_sent() {
    let shape = shape(serde_json::json!({"max_record_bytes": "1000B", "value": "{text}"}));
    let text = |length| {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(length)]));
        RecordBatch::try_from_iter([("text", texts)]).unwrap()
    };
    assert!(told(&shape, &text(930), 0).is_ok());
    assert_eq!(told(&shape, &text(931), 0).unwrap_err().class, "oversize");
}

#[test]
fn columns_that_are_not_there_are_named() {
    for options in [
        serde_json::json!({"key": "{nobody}"}),
        serde_json::json!({"topic": "{nobody}"}),
        serde_json::json!({"headers_column": "nobody"}),
        serde_json::json!({"timestamp": "{nobody}"}),
        serde_json::json!({"headers": {"a": "{nobody}"}}),
    ] {
        let shape = shape(options);
        let rows = rows();
        let error = shape.bind(&rows).err().unwrap();
        assert!(error.contains("`nobody`") && error.contains("`region`"), "{error}");
    }
    let shape = shape(serde_json::json!({"headers_column": "region"}));
    assert!(shape.bind(&rows()).err().unwrap().contains("headers are a list"));
}
