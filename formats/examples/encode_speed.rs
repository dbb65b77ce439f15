//! How many rows per second one core encodes, for each format:
//! `cargo run --release -p forebay-formats --example encode_speed`.
#![expect(clippy::print_stdout, reason = "printing is its purpose")]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use forebay_formats::encode::Encoding;

const ROWS: i64 = 100_000;
const ROUNDS: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let rows = orders()?;
    for options in [
        r#"{"format": "json"}"#,
        r#"{"format": "json", "compression": "gzip"}"#,
        r#"{"format": "json", "compression": "zstd"}"#,
        r#"{"format": "csv"}"#,
        r#"{"format": "text", "text_column": "customer"}"#,
        r#"{"format": "parquet"}"#,
        r#"{"format": "parquet", "compression": "zstd"}"#,
        r#"{"format": "avro"}"#,
    ] {
        let encoding: Encoding = serde_json::from_str(options)?;
        let begin = Instant::now();
        let mut encoder = encoding.open(&rows.schema(), Box::new(std::io::sink()))?;
        for _ in 0..ROUNDS {
            if !encoding.misfits(&rows).is_empty() {
                return Err("these rows fit every format".into());
            }
            encoder.write(&rows)?;
        }
        let bytes = encoder.finish()?;
        let seconds = begin.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate to look at")]
        let (rows, megabytes) = ((ROWS * ROUNDS as i64) as f64, bytes as f64 / 1e6);
        println!(
            "{options:<50} {:>6.2} M rows/s {:>7.1} MB/s out, {:>5.1} bytes/row",
            rows / seconds / 1e6,
            megabytes / seconds,
            megabytes * 1e6 / rows
        );
    }
    Ok(())
}

/// Six columns as of a stock exchange's orders.
fn orders() -> Result<RecordBatch, arrow::error::ArrowError> {
    let texts = |name: &str, modulus: i64| -> ArrayRef {
        let values = (0..ROWS).map(|row| format!("{name}-{}", row * 7919 % modulus));
        Arc::new(StringArray::from_iter_values(values))
    };
    let times = (0..ROWS).map(|row| 1_700_000_000_000 + row * 13);
    #[expect(clippy::cast_precision_loss, reason = "a made-up price")]
    let prices = (0..ROWS).map(|row| (row * 31 % 100_000) as f64 / 100.0);
    let quantities = (0..ROWS).map(|row| i32::try_from(row % 1000).unwrap_or(0));
    RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from_iter_values(0..ROWS)) as ArrayRef),
        ("ts", Arc::new(TimestampMillisecondArray::from_iter_values(times).with_timezone("UTC"))),
        ("customer", texts("customer", 5000)),
        ("symbol", texts("S", 300)),
        ("quantity", Arc::new(Int32Array::from_iter_values(quantities))),
        ("price", Arc::new(Float64Array::from_iter_values(prices))),
    ])
}
