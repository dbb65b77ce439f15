use arrow::array::{StringArray, TimestampMillisecondArray, UInt64Array};

use super::*;

/// What a journal holds of these values.
fn records(values: &[&[u8]]) -> RecordBatch {
    let schema = journal::schema();
    let count = values.len();
    let attributes = arrow::array::new_null_array(schema.field(4).data_type(), count);
    let attributes = MapArray::from(attributes.to_data());
    // A column that must not be null, without an entry in any row.
    let empty = MapArray::try_new(
        match schema.field(4).data_type() {
            DataType::Map(entries, _) => Arc::clone(entries),
            other => panic!("{other}"),
        },
        OffsetBuffer::new_zeroed(count),
        attributes.entries().slice(0, 0),
        None,
        false,
    );
    let columns: Vec<ArrayRef> = vec![
        Arc::new(BinaryArray::from_iter_values(values)),
        Arc::new(UInt64Array::from_iter_values(10..10 + count as u64)),
        Arc::new(TimestampMillisecondArray::from(vec![7; count]).with_timezone("UTC")),
        Arc::new(StringArray::from(vec!["agent"; count])),
        Arc::new(empty.unwrap()),
    ];
    RecordBatch::try_new(schema, columns).unwrap()
}

fn decoder(options: &str) -> Arc<dyn Decode> {
    EventDecoder::shared(&toml::from_str(options).unwrap()).unwrap()
}

fn texts(column: &dyn Array) -> Vec<Option<&str>> {
    column.as_string::<i32>().iter().collect()
}

#[test]
fn headers_and_bodies_become_columns() {
    let events = [&b"\x04\x02k\x04v0\x06key\x00\x00\x08body"[..], b"\x00\x00"];
    let decoded = decoder("format = \"bytes\"").decode(&records(&events)).unwrap();
    let names: Vec<_> =
        decoded.columns.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["value", "headers", "seq", "received", "peer"]);
    let bodies: Vec<_> = decoded.columns.column(0).as_binary::<i32>().iter().flatten().collect();
    assert_eq!(bodies, [&b"body"[..], b""]);
    let headers = decoded.columns.column(1).as_map();
    assert_eq!((headers.value_length(0), headers.value_length(1)), (2, 0));
    assert_eq!(texts(headers.keys()), [Some("k"), Some("key")]);
    assert_eq!(texts(headers.values()), [Some("v0"), Some("")]);
    assert!(decoded.rejected.is_empty());
}

#[test]
fn what_is_broken_is_rejected_at_its_own_place_and_stops_no_other() {
    let event = |body: &[u8]| {
        let mut bytes = Vec::new();
        event::put(&mut bytes, [].into_iter(), body);
        bytes
    };
    let good = [event(b"{\"a\":1}"), event(b"{\"a\":2}")];
    let (no_json, trailing) = (event(b"{"), [event(b"{\"a\":3}"), vec![0]].concat());
    let no_text = b"\x02\x02k\x02\xff\x00\x0e{\"a\":4}".to_vec();
    let events = [&good[0], &trailing, &no_json, &no_text, &good[1], &Vec::new()];
    let events: Vec<&[u8]> = events.into_iter().map(Vec::as_slice).collect();
    let options = "format = \"json\"\nschema = { a = \"int\" }\nkeep = [\"headers\", \"seq\"]";
    let decoded = decoder(options).decode(&records(&events)).unwrap();
    assert_eq!(decoded.columns.num_rows(), 2);
    assert_eq!(decoded.rows, Some(UInt32Array::from(vec![0, 4])));
    let classes: Vec<_> =
        decoded.rejected.iter().map(|(row, reason)| (*row, reason.class)).collect();
    assert_eq!(classes, [(1, "protocol"), (2, "syntax"), (3, "encoding"), (5, "protocol")]);
    // Whose headers nobody wants to see, his headers are not looked at.
    let decoded = decoder("format = \"json\"\nschema = { a = \"int\" }");
    let decoded = decoded.decode(&records(&events)).unwrap();
    assert_eq!(decoded.rows, Some(UInt32Array::from(vec![0, 3, 4])));
}

#[test]
fn a_column_that_is_not_there_is_answered_with_those_that_are() {
    let decoding = toml::from_str("keep = [\"header\"]").unwrap();
    let problem = EventDecoder::shared(&decoding).err().unwrap();
    let help = problem.help.unwrap();
    assert!(help.contains("headers") && help.contains("peer"), "{help}");
    // What was in a dead letter is decoded by what the journal has.
    let raw = decoder("").raw().unwrap();
    assert_eq!((raw.schema, raw.value), (journal::schema(), 0));
}
