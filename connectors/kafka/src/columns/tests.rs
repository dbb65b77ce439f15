//! Records as columns.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};

use super::*;

fn record(
    offset: i64,
    key: Option<&str>,
    value: Option<&str>,
    headers: Option<OwnedHeaders>,
) -> OwnedMessage {
    let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
    let time = match offset % 3 {
        0 => Timestamp::CreateTime(1_000 + offset),
        1 => Timestamp::LogAppendTime(2_000 + offset),
        _ => Timestamp::NotAvailable,
    };
    OwnedMessage::new(bytes(value), bytes(key), "orders".into(), time, 3, offset, headers)
}

fn batch(layout: Layout, records: &[OwnedMessage]) -> RecordBatch {
    let mut columns = Columns::new(&Arc::new(layout), 1, 1);
    for record in records {
        columns.push(record);
    }
    assert_eq!(columns.len(), records.len());
    let (batch, broken) = columns.finish(&Partition::new("orders", 3)).unwrap();
    assert_eq!(broken, 0);
    batch
}

#[test]
fn records_become_columns_with_nulls_where_they_have_nothing() {
    let headers = OwnedHeaders::new()
        .insert(Header { key: "trace", value: Some("a1") })
        .insert(Header { key: "empty", value: None::<&str> });
    let batch = batch(
        Layout::all(),
        &[
            record(6, Some("k"), Some("v"), Some(headers)),
            record(10, None, None, None),
            record(11, Some(""), Some(""), None),
        ],
    );
    let column = |name| batch.column_by_name(name).unwrap();
    let bytes = |name| {
        let values = column(name).as_binary::<i32>().iter();
        values
            .map(|value| value.map(|value| String::from_utf8_lossy(value).into_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(bytes("key"), [Some("k".into()), None, Some(String::new())]);
    assert_eq!(bytes("value"), [Some("v".into()), None, Some(String::new())]);
    assert_eq!(column("offset").as_primitive::<Int64Type>().values(), &[6, 10, 11]);
    assert_eq!(column("partition").as_primitive::<Int32Type>().values(), &[3, 3, 3]);
    assert!(column("topic").as_string::<i32>().iter().all(|topic| topic == Some("orders")));
    let times = column("timestamp").as_primitive::<TimestampMicrosecondType>();
    assert_eq!(times.iter().collect::<Vec<_>>(), [Some(1_006_000), Some(2_010_000), None]);
    let types = column("timestamp_type").as_primitive::<Int32Type>();
    assert_eq!(types.iter().collect::<Vec<_>>(), [Some(0), Some(1), None]);
    let headers = column("headers").as_list::<i32>();
    assert_eq!((headers.is_null(0), headers.is_null(1), headers.is_null(2)), (false, true, true));
    let first = headers.value(0);
    let first = first.as_struct();
    let keys: Vec<_> = first.column(0).as_string::<i32>().iter().collect();
    assert_eq!(keys, [Some("trace"), Some("empty")]);
    let values: Vec<_> = first.column(1).as_binary::<i32>().iter().collect();
    assert_eq!(values, [Some(&b"a1"[..]), None]);
}

#[test]
fn only_what_is_wanted_is_made() {
    let config = |text: &str| -> KafkaConfig {
        toml::from_str(&format!("brokers = [\"b:9\"]\ntopics = [\"orders\"]\n{text}")).unwrap()
    };
    let names = |layout: &Layout| {
        layout.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>()
    };
    let json =
        Layout::of(&config("format = \"json\"\nschema = { a = \"int\" }\nkeep = [\"timestamp\"]"));
    assert_eq!(names(&json), ["value", "offset", "timestamp"]);
    assert_eq!((json.value(), json.offset()), (Some(0), Some(1)));
    assert_eq!(names(&Layout::of(&config("format = \"bytes\""))).len(), 8);
    assert_eq!(
        names(&Layout::of(&config("format = \"bytes\"\nkeep = [\"key\"]"))),
        ["key", "value", "offset"]
    );
    let batch = batch(json, &[record(0, None, Some("{}"), None)]);
    assert_eq!((batch.num_rows(), batch.num_columns()), (1, 3));
}
