//! Files read from a record on, whole and damaged.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, Int64Type};
use arrow_avro::writer::AvroWriter;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

use super::{Container, ContainerError, open_container};
use crate::{Decoding, Format};

const RECORDS: i64 = 20_000;

fn batch(ids: std::ops::Range<i64>) -> RecordBatch {
    let names = ids.clone().map(|id| (id % 3 > 0).then(|| format!("name-{id}")));
    let columns: [(&str, ArrayRef); 2] = [
        ("id", Arc::new(Int64Array::from_iter_values(ids))),
        ("name", Arc::new(names.collect::<StringArray>())),
    ];
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, column)| (name, column, name == "name")),
    )
    .unwrap()
}

fn parquet(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("orders.parquet");
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(3000)).build();
    let file = File::create(&path).unwrap();
    let all = batch(0..RECORDS);
    let mut writer = ArrowWriter::try_new(file, all.schema(), Some(properties)).unwrap();
    writer.write(&all).unwrap();
    writer.close().unwrap();
    path
}

/// An Avro file with blocks of 1500 records.
fn avro(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("orders.avro");
    let schema = batch(0..0).schema();
    let mut writer =
        AvroWriter::new(File::create(&path).unwrap(), schema.as_ref().clone()).unwrap();
    for start in (0..RECORDS).step_by(1500) {
        writer.write(&batch(start..RECORDS.min(start + 1500))).unwrap();
    }
    writer.finish().unwrap();
    path
}

fn decoding(schema: &str) -> Decoding {
    toml::from_str(&format!("schema = {schema}")).unwrap()
}

fn open(format: Format, path: &Path) -> Box<dyn Container> {
    open_container(format, path, &Decoding::default()).unwrap()
}

/// Reads exactly these records, in as many steps as it takes.
fn ids(container: &mut dyn Container, from: u64, count: usize) -> Vec<i64> {
    let mut ids = Vec::new();
    while ids.len() < count {
        let at = from + ids.len() as u64;
        let batch = container.read(at, count - ids.len()).unwrap();
        if batch.num_rows() == 0 {
            break;
        }
        assert!(batch.num_rows() <= count - ids.len());
        ids.extend(batch.column(0).as_primitive::<Int64Type>().values());
    }
    ids
}

#[test]
fn records_are_read_from_any_place() {
    let folder = TempDir::new().unwrap();
    for (format, path) in [(Format::Parquet, parquet(&folder)), (Format::Avro, avro(&folder))] {
        let mut file = open(format, &path);
        assert_eq!(file.total_records(), Some(20_000), "{format}");
        for (from, count) in
            [(0, 10), (10, 5000), (5010, 1), (19_990, 100), (2999, 2), (0, 20_000), (20_000, 1)]
        {
            let until = RECORDS.min(from + count);
            let found = ids(file.as_mut(), from as u64, count as usize);
            assert_eq!(found, (from..until).collect::<Vec<_>>(), "{format} {from} {count}");
        }
        let all = file.read(4, 1).unwrap();
        assert_eq!(all.column(1).as_string::<i32>().value(0), "name-4");
        assert_eq!(file.read(u64::MAX, 5).unwrap().num_rows(), 0);
    }
}

#[test]
fn columns_are_made_those_of_the_schema() {
    let folder = TempDir::new().unwrap();
    for (format, path) in [(Format::Parquet, parquet(&folder)), (Format::Avro, avro(&folder))] {
        let mut wanted = decoding(r#"{ name = "text", absent = "double", id = "int not null" }"#);
        wanted.format = format;
        let decoder = wanted.container_decoder().unwrap();
        assert_eq!(decoder.schema(), Some(wanted.schema.as_ref().unwrap().to_arrow()));
        let mut file = open_container(format, &path, &wanted).unwrap();
        let raw = file.read(7000, 5).unwrap();
        assert_eq!(raw.schema(), file.schema());
        let batch = decoder.decode(&raw).unwrap().columns;
        assert_eq!(batch.column(2).as_primitive::<Int32Type>().value(0), 7000);
        assert_eq!(batch.column(1).null_count(), batch.num_rows());

        let wrong = decoding(r#"{ id = ["text"], name = { a = "int" }, absent = "int!" }"#);
        let error = open_container(format, &path, &wrong).err().unwrap().to_string();
        for part in ["`id` is Int64", "`name` is Utf8", "no column `absent`"] {
            assert!(error.contains(part), "{error}");
        }
    }
}

#[test]
fn a_value_that_does_not_fit_the_schema_is_refused_alone() {
    let folder = TempDir::new().unwrap();
    for (format, path) in [(Format::Parquet, parquet(&folder)), (Format::Avro, avro(&folder))] {
        let mut narrow = decoding(r#"{ id = "tinyint", name = "text!" }"#);
        narrow.format = format;
        let mut file = open_container(format, &path, &narrow).unwrap();
        let decoder = narrow.container_decoder().unwrap();
        let decoded = decoder.decode(&file.read(100, 100).unwrap()).unwrap();
        // Every third name is null, and a tinyint ends with 127.
        let fits = |id: &u32| !id.is_multiple_of(3) && *id < 128;
        let kept: Vec<_> = (100..200).filter(fits).map(|id| id - 100).collect();
        assert_eq!(decoded.rows.unwrap().values().as_ref(), kept);
        let (row, reason) = &decoded.rejected[9];
        assert_eq!((*row, reason.class), (28, "type"), "{reason:?}");
        assert!(reason.text.contains("column `id`"), "{reason:?}");
        let missing = decoded.rejected.iter().filter(|(_, reason)| reason.class == "missing");
        assert!(missing.count() >= 9);
        assert!(file.read(200, 10).unwrap().num_rows() > 0, "the file is read on");
    }
}

#[test]
fn a_damaged_file_is_named_with_the_place() {
    let folder = TempDir::new().unwrap();
    for (format, path) in [(Format::Parquet, parquet(&folder)), (Format::Avro, avro(&folder))] {
        let whole = std::fs::read(&path).unwrap();
        for cut in [0, 3, 10, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let error = open_container(format, &path, &Decoding::default()).err().unwrap();
            assert!(matches!(error, ContainerError::Corrupt { .. }), "{format} {cut}: {error}");
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        }
    }
    let error = open_container(Format::Avro, &folder.path().join("none"), &Decoding::default());
    assert!(matches!(error.err().unwrap(), ContainerError::Io { .. }));
    let error = open_container(Format::Json, folder.path(), &Decoding::default());
    assert!(matches!(error.err().unwrap(), ContainerError::NotAContainer(Format::Json)));
}

/// Any byte of a file may be wrong: it is read or refused, and nothing else happens.
#[test]
fn no_damage_makes_a_panic() {
    let folder = TempDir::new().unwrap();
    for (format, path) in [(Format::Parquet, parquet(&folder)), (Format::Avro, avro(&folder))] {
        let whole = std::fs::read(&path).unwrap();
        let mut random = 12_345u64;
        for _ in 0..60 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let mut damaged = whole.clone();
            // Half of the damage goes to the end, where Parquet keeps its metadata.
            let reach = if random & 1 == 0 { damaged.len() } else { damaged.len().min(2000) };
            let at = damaged.len() - 1 - usize::try_from(random >> 33).unwrap() % reach;
            damaged[at] ^= u8::try_from(random >> 24 & 0xff).unwrap() | 1;
            std::fs::write(&path, &damaged).unwrap();
            let Ok(mut file) = open_container(format, &path, &Decoding::default()) else {
                continue;
            };
            let mut from = 0;
            while let Ok(batch) = file.read(from, 5000) {
                if batch.num_rows() == 0 {
                    break;
                }
                from += batch.num_rows() as u64;
            }
        }
    }
}

const ORDERS: &str =
    "name,id,extra\r\n\"a, b\",1,x\n\nc,oops,y\n\"multi\nline\",3,z\nd,4\ne,5,\"open\n";

fn csv(folder: &TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn csv_records_are_read_by_their_header_and_refused_one_by_one() {
    let folder = TempDir::new().unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, ORDERS.as_bytes()).unwrap();
    let paths = [
        csv(&folder, "orders.csv", ORDERS.as_bytes()),
        csv(&folder, "orders.csv.gz", &gz.finish().unwrap()),
        csv(&folder, "orders.csv.zst", &zstd::encode_all(ORDERS.as_bytes(), 1).unwrap()),
    ];
    let mut options = decoding(r#"{ id = "int not null", name = "text", absent = "date" }"#);
    options.format = Format::Csv;
    for path in paths {
        let mut file = open_container(Format::Csv, &path, &options).unwrap();
        assert_eq!(file.total_records(), None);
        let raw = file.read(0, 100).unwrap();
        let values: Vec<_> = raw.column(0).as_binary::<i32>().iter().flatten().collect();
        let records: [&[u8]; 5] =
            [b"\"a, b\",1,x", b"c,oops,y", b"\"multi\nline\",3,z", b"d,4", b"e,5,\"open\n"];
        assert_eq!(values, records);
        let decoded = options.container_decoder().unwrap().decode(&raw).unwrap();
        let found = decoded.columns.column(0).as_primitive::<Int32Type>().values();
        assert_eq!(found.as_ref(), [1, 3]);
        assert_eq!(decoded.columns.column(1).as_string::<i32>().value(1), "multi\nline");
        let reasons: Vec<_> =
            decoded.rejected.iter().map(|(row, reason)| (*row, reason.text.as_str())).collect();
        assert_eq!(
            reasons,
            [
                (1, "field `id`: `oops` is no int"),
                (3, "expected 3 fields, got 2"),
                (4, "a quoted field is not closed"),
            ]
        );
        let second = file.read(1, 1).unwrap();
        assert_eq!(second.column(0).as_binary::<i32>().value(0), records[1]);
        assert_eq!(file.read(4, 9).unwrap().num_rows(), 1);
        assert_eq!(file.read(5, 9).unwrap().num_rows(), 0);
    }
}

#[test]
fn a_csv_file_must_have_the_columns_that_must_not_be_null() {
    let folder = TempDir::new().unwrap();
    let path = csv(&folder, "orders.csv", b"a,b\n1,2\n");
    let options = decoding(r#"{ id = "int!", ts = "timestamp!" }"#);
    let error = open_container(Format::Csv, &path, &options).err().unwrap().to_string();
    for part in ["no column `id`", "no column `ts`", "there are a, b"] {
        assert!(error.contains(part), "{error}");
    }
    let mut options = decoding(r#"{ first = "int", second = "int" }"#);
    options.format = Format::Csv;
    options.csv.header = false;
    let mut file = open_container(Format::Csv, &path, &options).unwrap();
    let raw = file.read(0, 5).unwrap();
    let decoded = options.container_decoder().unwrap().decode(&raw).unwrap();
    assert_eq!((decoded.columns.num_rows(), decoded.rejected.len()), (1, 1));
}
