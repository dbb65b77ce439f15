//! What is encoded is read back by the readers that others use.

#[cfg(test)]
mod encode {
    use std::io::{self, Read, Write};
    use std::sync::{Arc, Mutex};

    use arrow::array::{
        Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Float64Array, Int64Array,
        ListArray, RecordBatch, StringArray, TimestampMillisecondArray, UInt64Array,
    };
    use arrow::datatypes::{Int64Type, TimestampMillisecondType};
    use forebay_formats::encode::{EncodeError, Encoding, json_lines};
    use serde_json::{Value, json};

    /// An output whose bytes can be looked at after its owner is gone.
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn encoding(options: Value) -> Encoding {
        let encoding: Encoding = serde_json::from_value(options).unwrap();
        assert_eq!(encoding.check(), []);
        encoding
    }

    fn encode(options: Value, tables: &[RecordBatch]) -> Vec<u8> {
        let out = Shared::default();
        let mut encoder =
            encoding(options).open(&tables[0].schema(), Box::new(out.clone())).unwrap();
        for table in tables {
            encoder.write(table).unwrap();
        }
        let bytes = encoder.finish().unwrap();
        let written = out.0.lock().unwrap().clone();
        assert_eq!(bytes, written.len() as u64);
        written
    }

    fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        let columns = columns.into_iter().map(|(name, column)| (name, column, true));
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    fn plain() -> RecordBatch {
        table(vec![
            ("id", Arc::new(Int64Array::from(vec![Some(1), None, Some(3)]))),
            (
                "ts",
                Arc::new(
                    TimestampMillisecondArray::from(vec![Some(0), Some(1_700_000_000_123), None])
                        .with_timezone("UTC"),
                ),
            ),
            ("text", Arc::new(StringArray::from(vec![Some("a,\"b\"\nc"), Some(""), None]))),
            ("bytes", Arc::new(BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None, Some(b"")]))),
            ("price", Arc::new(Float64Array::from(vec![Some(1.5), Some(f64::NAN), None]))),
            ("good", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
            ("day", Arc::new(Date32Array::from(vec![Some(0), None, Some(19_675)]))),
        ])
    }

    fn lines(bytes: &[u8]) -> Vec<Value> {
        let text = std::str::from_utf8(bytes).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn json() {
        let expected = [
            json!({"id": 1, "ts": "1970-01-01T00:00:00Z", "text": "a,\"b\"\nc", "bytes": "00ff",
                   "price": 1.5, "good": true, "day": "1970-01-01"}),
            json!({"ts": "2023-11-14T22:13:20.123Z", "text": "", "price": null}),
            json!({"id": 3, "bytes": "", "good": false, "day": "2023-11-14"}),
        ];
        assert_eq!(lines(&encode(json!({}), &[plain()])), expected);
        assert_eq!(lines(&json_lines(&plain()).unwrap()), expected);
    }

    #[test]
    fn compressed_lines_are_one_stream() {
        let plain_bytes = encode(json!({}), &[plain(), plain()]);

        let gzip = encode(json!({"compression": "gzip"}), &[plain(), plain()]);
        let mut read = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(&gzip[..]);
        decoder.read_to_end(&mut read).unwrap();
        assert_eq!(read, plain_bytes);
        assert_eq!(decoder.into_inner().len(), 0, "one member and nothing after it");

        let zstd = encode(json!({"compression": "zstd"}), &[plain(), plain()]);
        assert_eq!(zstd::stream::decode_all(&zstd[..]).unwrap(), plain_bytes);
        assert!(zstd::stream::decode_all(&zstd[..zstd.len() - 1]).is_err());
    }

    #[test]
    fn csv() {
        let bytes = encode(json!({"format": "csv", "csv": {"null": "\\N"}}), &[plain(), plain()]);
        let mut reader = csv::Reader::from_reader(&bytes[..]);
        assert_eq!(
            reader.headers().unwrap(),
            vec!["id", "ts", "text", "bytes", "price", "good", "day"]
        );
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 6, "the header stands once");
        let first =
            vec!["1", "1970-01-01T00:00:00Z", "a,\"b\"\nc", "00ff", "1.5", "true", "1970-01-01"];
        assert_eq!(rows[0], first);
        assert_eq!(rows[3], first);
        assert_eq!(
            rows[1],
            vec!["\\N", "2023-11-14T22:13:20.123Z", "", "\\N", "NaN", "\\N", "\\N"]
        );

        let semicolons = json!({"format": "csv", "csv": {"header": false, "delimiter": ";"}});
        let bytes = encode(semicolons, &[plain().project(&[0, 5]).unwrap()]);
        assert_eq!(bytes, b"1;true\n;\n3;false\n");
    }

    #[test]
    fn text() {
        let values = table(vec![
            ("key", Arc::new(Int64Array::from(vec![1, 2, 3]))),
            ("value", Arc::new(BinaryArray::from(vec![Some(&b"one"[..]), None, Some(b"\xff")]))),
        ]);
        let options = json!({"format": "text"});
        assert_eq!(encode(options, std::slice::from_ref(&values)), b"one\n\n\xff\n");
        let only = values.project(&[1]).unwrap();
        assert_eq!(encode(json!({"format": "text"}), &[only]), b"one\n\n\xff\n");

        for (options, word) in [
            (json!({"format": "text", "text_column": "body"}), "body"),
            (json!({"format": "text", "text_column": "key"}), "key"),
        ] {
            let error =
                encoding(options).open(&values.schema(), Box::new(io::sink())).err().unwrap();
            assert!(matches!(&error, EncodeError::Columns(text) if text.contains(word)), "{error}");
        }
    }

    #[test]
    fn parquet() {
        for compression in ["none", "snappy", "zstd"] {
            let options = json!({"format": "parquet", "compression": compression});
            let bytes = encode(options, &[plain(), plain()]);
            let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(
                bytes::Bytes::from(bytes),
            )
            .unwrap();
            let read: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
            let read = arrow::compute::concat_batches(&read[0].schema(), &read).unwrap();
            assert_eq!(
                format!("{:?}", read.slice(0, 3).columns()),
                format!("{:?}", plain().columns())
            );
            assert_eq!(read.num_rows(), 6);
        }
    }

    #[test]
    fn a_flush_ends_a_row_group() {
        let out = Shared::default();
        let encoding = encoding(json!({"format": "parquet"}));
        let mut encoder = encoding.open(&plain().schema(), Box::new(out.clone())).unwrap();
        for _ in 0..2 {
            encoder.write(&plain()).unwrap();
            let (waiting, all) = (encoder.buffered(), encoder.bytes());
            assert!(waiting > 0 && all > 0);
            encoder.flush().unwrap();
            assert_eq!(encoder.buffered(), 0);
        }
        encoder.finish().unwrap();
        let bytes = bytes::Bytes::from(out.0.lock().unwrap().clone());
        let builder =
            parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
        assert_eq!(builder.metadata().num_row_groups(), 2);
        assert_eq!(builder.metadata().file_metadata().num_rows(), 6);
    }

    #[test]
    fn avro() {
        for compression in ["none", "snappy", "zstd"] {
            let options = json!({"format": "avro", "compression": compression});
            let bytes = encode(options, &[plain(), plain()]);
            let reader =
                arrow_avro::reader::ReaderBuilder::new().build(io::Cursor::new(bytes)).unwrap();
            let read: Vec<_> = reader.map(Result::unwrap).collect();
            let read = arrow::compute::concat_batches(&read[0].schema(), &read).unwrap();
            assert_eq!(read.num_rows(), 6);
            let plain = plain();
            assert_eq!(
                read.column(0).slice(3, 3).as_primitive::<Int64Type>(),
                plain.column(0).as_primitive::<Int64Type>()
            );
            assert_eq!(
                read.column(1).slice(0, 3).as_primitive::<TimestampMillisecondType>().values(),
                plain.column(1).as_primitive::<TimestampMillisecondType>().values()
            );
            assert_eq!(read.column(2).slice(0, 3).to_data(), plain.column(2).to_data());
        }
    }

    #[test]
    fn columns_that_a_format_cannot_hold_are_refused_at_once() {
        let list = ListArray::from_iter_primitive::<Int64Type, _, _>(vec![Some(vec![Some(1)])]);
        let nested = table(vec![("list", Arc::new(list))]);
        let error = encoding(json!({"format": "csv"}))
            .open(&nested.schema(), Box::new(io::sink()))
            .err()
            .unwrap();
        assert!(matches!(&error, EncodeError::Columns(text) if text.contains("`list`")), "{error}");
    }

    #[test]
    fn values_that_a_format_cannot_hold_are_found_beforehand() {
        let far = i64::MAX;
        let list = ListArray::from_iter_primitive::<TimestampMillisecondType, _, _>(vec![
            Some(vec![Some(1)]),
            Some(vec![Some(2), Some(far)]),
            None,
            Some(vec![]),
        ]);
        let late = TimestampMillisecondArray::from(vec![Some(1), Some(2), None, Some(far)]);
        let days = Date32Array::from(vec![Some(i32::MAX), Some(0), Some(0), None]);
        let large = UInt64Array::from(vec![0, u64::MAX, 1, 2]);
        let structure: ArrayRef = Arc::new(arrow::array::StructArray::from(table(vec![(
            "at",
            Arc::new(late.clone()) as ArrayRef,
        )])));
        for (column, in_json, in_avro) in [
            (Arc::new(list) as ArrayRef, vec![1], vec![]),
            (Arc::new(late), vec![3], vec![]),
            (structure, vec![3], vec![]),
            (Arc::new(days), vec![0], vec![]),
            (Arc::new(large), vec![], vec![1]),
        ] {
            let rows = table(vec![("c", column)]);
            for (format, unfit) in
                [("json", &in_json), ("avro", &in_avro), ("parquet", &Vec::new())]
            {
                let found = encoding(json!({"format": format})).misfits(&rows);
                let found: Vec<usize> = found.iter().map(|(row, _)| *row).collect();
                let kind = rows.column(0).data_type();
                assert_eq!(&found, unfit, "{format} {kind}");
                let fit: Vec<u32> =
                    (0..4).filter(|row| !unfit.contains(&(*row as usize))).collect();
                let indices = arrow::array::UInt32Array::from(fit);
                let fit = arrow::compute::take_record_batch(&rows, &indices).unwrap();
                encode(json!({"format": format}), &[fit]);
            }
        }
    }

    /// A disk with room for so many bytes.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_told_as_such_by_every_format() {
        for options in [
            json!({}),
            json!({"compression": "gzip"}),
            json!({"compression": "zstd"}),
            json!({"format": "csv"}),
            json!({"format": "text", "text_column": "text"}),
            json!({"format": "parquet"}),
            json!({"format": "avro"}),
        ] {
            let (encoding, rows) = (encoding(options), plain());
            let failed =
                encoding.open(&rows.schema(), Box::new(Full(2))).and_then(|mut encoder| {
                    encoder.write(&rows)?;
                    encoder.finish()
                });
            match failed {
                Err(EncodeError::Io(error)) => {
                    assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{encoding:?}");
                }
                other => panic!("{other:?} of {encoding:?}"),
            }
        }
    }
}
