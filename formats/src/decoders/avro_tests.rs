//! Avro data decoded, broken ones refused.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Int64Type, Schema, SchemaRef};
use arrow_avro::schema::{AvroSchema, Fingerprint, FingerprintAlgorithm};
use forebay_core::decode::{Decode, Decoded};

use crate::Decoding;
use crate::decoding::AvroFraming;

const WRITER: &str = r#"{"type": "record", "name": "Order", "fields": [
    {"name": "id", "type": "long"}, {"name": "name", "type": "string"}]}"#;

fn raw_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("value", DataType::Binary, true)]))
}

fn decode(framing: AvroFraming, schema: Option<&str>, records: &[Option<Vec<u8>>]) -> Decoded {
    let mut options = match schema {
        Some(schema) => toml::from_str::<Decoding>(&format!("schema = {schema}")).unwrap(),
        None => Decoding::default(),
    };
    options.format = crate::Format::Avro;
    options.avro.writer_schema = Some(WRITER.to_owned());
    options.avro.framing = framing;
    let values: BinaryArray = records.iter().map(Option::as_deref).collect();
    let batch = RecordBatch::try_new(raw_schema(), vec![Arc::new(values) as ArrayRef]).unwrap();
    let decoder: Arc<dyn Decode> = options.decoder(&raw_schema(), "value").unwrap();
    let decoded = decoder.decode(&batch).unwrap();
    assert_eq!(decoder.schema(), Some(decoded.columns.schema()));
    assert_eq!(decoded.columns.num_rows() + decoded.rejected.len(), records.len());
    decoded
}

/// A datum: both numbers are below 64, so that each is one zigzag byte.
fn datum(id: u8, name: &[u8]) -> Vec<u8> {
    let mut datum = vec![id << 1, u8::try_from(name.len()).unwrap() << 1];
    datum.extend_from_slice(name);
    datum
}

fn refused(decoded: &Decoded) -> Vec<u32> {
    decoded.rejected.iter().map(|(row, _)| *row).collect()
}

#[test]
fn broken_data_take_no_other_with_them() {
    let mut trailing = datum(3, b"c");
    trailing.push(7);
    let records = [
        Some(datum(1, b"a")),
        Some(datum(2, b"bb")[..3].to_vec()),
        Some(trailing),
        Some(datum(4, b"d")),
        Some(datum(5, b"\xff\xfe")),
        None,
        Some(Vec::new()),
        Some(vec![2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
        Some(datum(6, b"f")),
    ];
    let decoded = decode(AvroFraming::None, None, &records);
    assert_eq!(refused(&decoded), [1, 2, 4, 5, 6, 7], "{:?}", decoded.rejected);
    let ids = decoded.columns.column(0).as_primitive::<Int64Type>();
    assert_eq!(ids.values().as_ref(), [1, 4, 6]);
    let names: Vec<_> = decoded.columns.column(1).as_string::<i32>().iter().flatten().collect();
    assert_eq!(names, ["a", "d", "f"]);
    assert_eq!(decoded.rows.unwrap().values().as_ref(), [0, 3, 8]);
}

#[test]
fn many_records_with_every_third_broken() {
    let records: Vec<_> = (0..5000usize)
        .map(|row| {
            let datum = datum(u8::try_from(row % 60).unwrap(), b"name");
            Some(if row % 3 == 0 { datum[..2].to_vec() } else { datum })
        })
        .collect();
    let decoded = decode(AvroFraming::None, Some(r#"{ id = "int" }"#), &records);
    assert_eq!(refused(&decoded), (0..5000).step_by(3).collect::<Vec<_>>());
    let ids = decoded.columns.column(0).as_primitive::<Int32Type>().values();
    let expected = (0..5000).filter(|row| row % 3 > 0).map(|row| row % 60);
    assert!(ids.iter().copied().eq(expected));
}

#[test]
fn what_stands_before_a_datum_is_checked() {
    let schema = AvroSchema::new(WRITER.to_owned());
    let Fingerprint::Rabin(fingerprint) = schema.fingerprint(FingerprintAlgorithm::Rabin).unwrap()
    else {
        panic!("a Rabin fingerprint")
    };
    let with = |before: &[u8]| Some([before, &datum(9, b"x")].concat());
    let single = [&[0xc3, 0x01], fingerprint.to_le_bytes().as_slice()].concat();
    let other = [&[0xc3, 0x01], (fingerprint + 1).to_le_bytes().as_slice()].concat();
    let records = [with(&single), with(&other), with(&[]), with(&[0, 0, 0, 0, 5])];
    assert_eq!(refused(&decode(AvroFraming::SingleObject, None, &records)), [1, 2, 3]);
    assert_eq!(refused(&decode(AvroFraming::Confluent, None, &records)), [0, 1, 2]);
}

#[test]
fn schemas_come_from_files_and_records_are_read_as_the_reader_wants() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("order.avsc"), WRITER).unwrap();
    let reader = r#"{"type": "record", "name": "Order", "fields": [
        {"name": "label", "aliases": ["name"], "type": "string"},
        {"name": "side", "type": "string", "default": "B"}, {"name": "id", "type": "double"}]}"#;
    std::fs::write(folder.path().join("reader.avsc"), reader).unwrap();
    let mut options: Decoding = toml::from_str(
        "format = \"avro\"\n[avro]\nwriter_schema_file = \"order.avsc\"\nreader_schema_file = \"reader.avsc\"",
    )
    .unwrap();
    assert_eq!(options.check(), []);
    options.load(folder.path()).unwrap();
    let decoder = options.decoder(&raw_schema(), "value").unwrap();
    let values: ArrayRef = Arc::new(BinaryArray::from_iter_values([datum(7, b"x"), vec![2]]));
    let batch = RecordBatch::try_new(raw_schema(), vec![values]).unwrap();
    let decoded = decoder.decode(&batch).unwrap();
    assert_eq!(decoder.schema(), Some(decoded.columns.schema()));
    let text = |name: &str| decoded.columns[name].as_string::<i32>().value(0).to_owned();
    assert_eq!((text("label"), text("side")), ("x".to_owned(), "B".to_owned()));
    assert_eq!(decoded.columns["id"].as_primitive::<Float64Type>().values().as_ref(), [7.0]);
    assert_eq!(refused(&decoded), [1]);
}

#[test]
fn a_schema_file_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = "format = \"avro\"\n[avro]\nwriter_schema_file = \"a.avsc\"";
    let mut options: Decoding = toml::from_str(text).unwrap();
    let missing = options.load(folder.path()).unwrap_err();
    assert_eq!(missing.path, ["avro", "writer_schema_file"]);
    assert!(missing.message.contains("a.avsc"), "{}", missing.message);
    std::fs::write(folder.path().join("a.avsc"), "{}").unwrap();
    assert!(options.load(folder.path()).unwrap_err().message.contains("no Avro schema"));
    options.avro.writer_schema = Some(WRITER.to_owned());
    assert_eq!(options.check()[0].path, ["avro", "writer_schema"], "either the text or the file");
}
