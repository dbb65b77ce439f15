//! What the benchmarks read: the same for both sides, and the same in each run.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// The size of a line of text, its end included.
pub(crate) const LINE_BYTES: usize = 256;

/// A line of 256 bytes that holds its number.
pub(crate) fn line(number: u64) -> Vec<u8> {
    let mut line = format!("{number:020} ").into_bytes();
    // Something that compresses as text does, and differs from line to line.
    let words = ["river", "gate", "turbine", "water", "stone", "level", "intake"];
    let mut turn = number;
    while line.len() < LINE_BYTES - 1 {
        turn = turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        line.extend_from_slice(words[usize::try_from(turn >> 33).unwrap_or(0) % 7].as_bytes());
        line.push(b' ');
    }
    line.truncate(LINE_BYTES - 1);
    line.push(b'\n');
    line
}

/// An order as a line of JSON.
pub(crate) fn order(number: u64) -> Vec<u8> {
    let second = number % 60;
    let minute = (number / 60) % 60;
    let side = if number.is_multiple_of(2) { "B" } else { "S" };
    format!(
        "{{\"id\":{number},\"ts\":\"2026-01-01T10:{minute:02}:{second:02}.250Z\",\
         \"customer\":\"c-{:06}\",\"symbol\":\"ACME\",\"quantity\":{},\"price\":{}.{:02},\
         \"side\":\"{side}\"}}\n",
        number % 100_000,
        1 + number % 999,
        10 + number % 400,
        number % 100,
    )
    .into_bytes()
}

/// The columns of an order as a configuration names them.
pub(crate) const ORDER_SCHEMA: &str = r#"{ id = "bigint", ts = "timestamp", customer = "text", symbol = "text", quantity = "int", price = "double", side = "text" }"#;

/// The same columns in Arrow.
pub(crate) fn order_columns() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("ts", DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())), true),
        Field::new("customer", DataType::Utf8, true),
        Field::new("symbol", DataType::Utf8, true),
        Field::new("quantity", DataType::Int32, true),
        Field::new("price", DataType::Float64, true),
        Field::new("side", DataType::Utf8, true),
    ]))
}

/// The options of a generator that makes so many orders up, as fast as they are read, as lines of
/// TOML.
pub(crate) fn made_up(records: u64) -> String {
    format!("template = \"orders\"\nsplits = 1\nunlimited = true\ncount = {records}")
}

/// Writes a file of so many records.
pub(crate) fn write_file(path: &Path, records: u64, record: fn(u64) -> Vec<u8>) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    for number in 0..records {
        file.write_all(&record(number))?;
    }
    // Both sides find it in the page cache; what is not yet on the disk must not be written
    // while they are measured.
    file.into_inner()?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_their_size_and_orders_their_columns() {
        for number in [0, 1, 59, 12_345_678] {
            let line = line(number);
            assert_eq!((line.len(), line.last()), (LINE_BYTES, Some(&b'\n')));
            assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        }
        let mut decoder = arrow::json::ReaderBuilder::new(order_columns()).build_decoder().unwrap();
        let text: Vec<u8> = (0..1_000).flat_map(order).collect();
        assert_eq!(decoder.decode(&text).unwrap(), text.len());
        let rows = decoder.flush().unwrap().unwrap();
        assert_eq!(rows.num_rows(), 1_000);
        assert!(rows.columns().iter().all(|column| column.null_count() == 0));
    }
}
