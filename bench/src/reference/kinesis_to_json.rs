//! Kinesis to a file of JSON: calls for records, Arrow's JSON reader, Arrow's JSON writer.

use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context, Result};
use arrow::json::{LineDelimitedWriter, ReaderBuilder};

use super::kinesis::read;
use super::output::Staged;
use crate::input::order_columns;

const BUFFER: usize = 64 << 10;
const ROWS: u64 = 8_192;

/// Decodes so many orders, and writes them to one file.
pub(super) fn run(endpoint: &str, stream: &str, to: &Path, records: u64) -> Result<()> {
    let rows = usize::try_from(ROWS)?;
    let mut decoder = ReaderBuilder::new(order_columns()).with_batch_size(rows).build_decoder()?;
    let (staged, file) = Staged::create(to, "part.jsonl")?;
    let mut output = LineDelimitedWriter::new(BufWriter::with_capacity(BUFFER, file));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut pages = runtime.block_on(read(endpoint, stream))?;
    let mut number = 0;
    while number < records {
        for record in pages.blocking_recv().context("a shard ended too early")? {
            number += 1;
            decoder.decode(record.data.as_ref())?;
            if number % ROWS == 0 || number == records {
                let decoded = decoder.flush()?.context("nothing was decoded")?;
                output.write(&decoded)?;
            }
        }
    }
    output.finish()?;
    staged.publish(&output.into_inner().into_inner()?)?;
    Ok(())
}
