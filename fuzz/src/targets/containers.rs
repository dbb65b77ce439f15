//! Files that hold records in a format of their own. The first byte says whether a schema is asked for.

use std::cell::RefCell;
use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
};
use arrow::datatypes::Int32Type;
use arrow_avro::compression::CompressionCodec;
use arrow_avro::writer::WriterBuilder;
use arrow_avro::writer::format::AvroOcfFormat;
use forebay_formats::{Decoding, Format, open_container};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};

use crate::scratch::Scratch;

const SCHEMA: &str =
    r#"{ id = "smallint!", name = "text", real = "double", list = ["int"], none = "date" }"#;

/// Reads that are made of one file, at most.
const READS: usize = 50;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

fn read(format: Format, name: &str, data: &[u8]) {
    let [how, content @ ..] = data else { return };
    let mut decoding = match how & 1 == 0 && format != Format::Csv {
        true => Decoding::default(),
        false => {
            let text = match format {
                Format::Csv => {
                    r#"schema = { id = "smallint", name = "text", real = "double" }"#.to_owned()
                }
                _ => format!("schema = {SCHEMA}"),
            };
            toml::from_str(&text).unwrap()
        }
    };
    decoding.format = format;
    decoding.csv.header = how & 2 == 0;
    let path = SCRATCH.with_borrow(|scratch| scratch.write(name, content));
    let Ok(mut file) = open_container(format, &path, &decoding) else { return };
    let decoder = decoding.container_decoder().unwrap();
    let mut from = u64::from(how >> 4);
    for _ in 0..READS {
        let Ok(records) = file.read(from, 1000) else { return };
        assert!(records.num_rows() <= 1000);
        if records.num_rows() == 0 {
            return;
        }
        let decoded = decoder.decode(&records).unwrap();
        assert_eq!(decoded.columns.num_rows() + decoded.rejected.len(), records.num_rows());
        from += records.num_rows() as u64;
    }
}

pub(super) fn avro(data: &[u8]) {
    read(Format::Avro, "a.avro", data);
}

pub(super) fn parquet(data: &[u8]) {
    read(Format::Parquet, "a.parquet", data);
}

pub(super) fn csv(data: &[u8]) {
    let name = match data.first().map(|how| how >> 2 & 3) {
        Some(1) => "a.csv.gz",
        Some(2) => "a.csv.zst",
        _ => "a.csv",
    };
    read(Format::Csv, name, data);
}

fn batch() -> RecordBatch {
    let list = [Some(vec![Some(1), None]), None, Some(vec![]), Some(vec![Some(70_000)])];
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>(
        (0..200).map(|row| list[row % list.len()].clone()),
    );
    let columns: [(&str, ArrayRef); 5] = [
        (
            "id",
            Arc::new(Int64Array::from_iter((0..200).map(|id| (id % 7 > 0).then_some(id * 300)))),
        ),
        ("name", Arc::new(StringArray::from_iter((0..200).map(|id| Some(format!("n{}", id % 5)))))),
        ("real", Arc::new(Float64Array::from_iter_values((0..200).map(f64::from)))),
        ("flag", Arc::new(BooleanArray::from_iter((0..200).map(|id| Some(id % 2 == 0))))),
        ("list", Arc::new(list)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true)))
        .unwrap()
}

/// Each file twice: with and without a schema that is asked for.
fn twice(files: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let each = |file: &Vec<u8>| [[&[0][..], file].concat(), [&[1][..], file].concat()];
    files.iter().flat_map(each).collect()
}

pub(super) fn avro_seeds() -> Vec<Vec<u8>> {
    let codecs = [
        None,
        Some(CompressionCodec::Deflate),
        Some(CompressionCodec::Snappy),
        Some(CompressionCodec::ZStandard),
    ];
    let batch = batch();
    let file = |codec| {
        let schema = batch.schema().as_ref().clone();
        let builder = WriterBuilder::new(schema).with_compression(codec);
        let mut writer = builder.build::<_, AvroOcfFormat>(Vec::new()).unwrap();
        for start in [0, 70, 140] {
            writer.write(&batch.slice(start, 60)).unwrap();
        }
        writer.finish().unwrap();
        writer.into_inner()
    };
    twice(codecs.map(file).to_vec())
}

pub(super) fn parquet_seeds() -> Vec<Vec<u8>> {
    let ways = [
        (Compression::UNCOMPRESSED, WriterVersion::PARQUET_1_0, true),
        (Compression::SNAPPY, WriterVersion::PARQUET_2_0, false),
        (Compression::ZSTD(ZstdLevel::default()), WriterVersion::PARQUET_2_0, true),
    ];
    let batch = batch();
    let file = |(compression, version, dictionary)| {
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_writer_version(version)
            .set_dictionary_enabled(dictionary)
            .set_max_row_group_row_count(Some(90))
            .build();
        let mut writer =
            ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    };
    twice(ways.map(file).to_vec())
}

pub(super) fn csv_seeds() -> Vec<Vec<u8>> {
    let text = b"name,id,real\n\"a, b\",1,1.5\n\nc,oops,2\n\"multi\nline\",3,\nd,4\ne,5,\"open\n";
    let mut gzip = flate2::write::GzEncoder::new(vec![4], flate2::Compression::fast());
    gzip.write_all(text).unwrap();
    let zstd = zstd::encode_all(&text[..], 1).unwrap();
    vec![
        [&[0][..], text].concat(),
        [&[2][..], text].concat(),
        gzip.finish().unwrap(),
        [&[8][..], &zstd].concat(),
    ]
}
