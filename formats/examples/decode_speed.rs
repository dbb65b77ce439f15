//! How long JSON takes to become columns: one million orders of about 200 bytes.

#![expect(clippy::print_stdout, reason = "a measurement for people")]

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, BinaryBuilder, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use forebay_formats::framing::{Framing, Splitter};
use forebay_formats::{Decoding, Format};

const RECORDS: usize = 1_000_000;
const SLICE: usize = 50_000;
const SCHEMA: &str = r#"{
    "id": "bigint", "ts": "timestamp", "customer": "text", "symbol": "text",
    "quantity": "int", "price": "double", "side": "text"
}"#;

fn measure(
    name: &str,
    bytes: usize,
    work: impl FnOnce() -> Result<usize, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let rows = work()?;
    let seconds = start.elapsed().as_secs_f64();
    let megabytes = bytes as f64 / 1e6 / seconds;
    println!("{name}: {rows} records in {seconds:.3} s, {megabytes:.0} MB/s");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let schema = Arc::new(Schema::new(vec![Field::new("value", DataType::Binary, false)]));
    let (mut json, mut csv) = (Vec::new(), Vec::new());
    for id in 0..RECORDS {
        let (customer, quantity, price) = (id % 9973, id % 500, 100.0 + (id % 4999) as f64 / 100.0);
        let (second, millis) = (id / 1000 % 60, id % 1000);
        writeln!(
            json,
            r#"{{"id": {id}, "ts": "2026-03-01T12:00:{second:02}.{millis:03}Z", "customer": "customer-{customer:05}", "symbol": "ACME", "quantity": {quantity}, "price": {price}, "side": "B", "note": "of no use to anyone, and ignored"}}"#
        )?;
        writeln!(
            csv,
            "{id},2026-03-01T12:00:{second:02}.{millis:03}Z,customer-{customer:05},ACME,{quantity},{price},B"
        )?;
    }
    for (format, stream) in [(Format::Json, &json), (Format::Csv, &csv)] {
        println!("{format}: {} bytes per record", stream.len() / RECORDS);
        let mut splitter = Splitter::new(Framing::Newline, 1 << 20);
        measure("  split", stream.len(), || {
            for piece in stream.chunks(65_536) {
                if !splitter.push(piece) {
                    return Err("no room".into());
                }
            }
            Ok(splitter.len())
        })?;
        let values = splitter.take().values;
        let decoding =
            Decoding { format, schema: Some(serde_json::from_str(SCHEMA)?), ..Decoding::default() };
        let decoder = decoding.decoder(&schema, "value").map_err(|problem| problem.message)?;
        measure("  decode", stream.len(), || {
            let mut rows = 0;
            for start in (0..RECORDS).step_by(SLICE) {
                let values: ArrayRef = Arc::new(values.slice(start, SLICE));
                let slice = RecordBatch::try_new(Arc::clone(&schema), vec![values])?;
                rows += decoder.decode(&slice)?.columns.num_rows();
            }
            Ok(rows)
        })?;
        // Every other record broken: what a source of rubbish costs.
        let mut broken = BinaryBuilder::new();
        for (row, value) in values.iter().flatten().enumerate() {
            broken.append_value(if row % 2 == 0 { value } else { &value[..value.len() / 2] });
        }
        let broken: ArrayRef = Arc::new(broken.finish());
        measure("  decode, every other record broken", stream.len() * 3 / 4, || {
            let slice = RecordBatch::try_new(Arc::clone(&schema), vec![broken])?;
            let decoded = decoder.decode(&slice)?;
            Ok(decoded.columns.num_rows() + decoded.rejected.len())
        })?;
    }
    Ok(())
}
