//! Kafka to a file of JSON: polls, Arrow's JSON reader, Arrow's JSON writer.

use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context, Result};
use arrow::json::{LineDelimitedWriter, ReaderBuilder};
use rdkafka::message::Message;

use super::kafka::{PATIENCE, consumer};
use super::output::Staged;
use crate::input::order_columns;

const BUFFER: usize = 64 << 10;
const ROWS: u64 = 8_192;

/// Decodes so many orders, and writes them to one file.
pub(super) fn run(brokers: &str, topic: &str, to: &Path, records: u64) -> Result<()> {
    let consumer = consumer(brokers, topic)?;
    let rows = usize::try_from(ROWS)?;
    let mut decoder = ReaderBuilder::new(order_columns()).with_batch_size(rows).build_decoder()?;
    let (staged, file) = Staged::create(to, "part.jsonl")?;
    let mut output = LineDelimitedWriter::new(BufWriter::with_capacity(BUFFER, file));
    for number in 1..=records {
        let record = consumer.poll(PATIENCE).context("no record came")??;
        decoder.decode(record.payload().context("a record has no value")?)?;
        if number % ROWS == 0 || number == records {
            let decoded = decoder.flush()?.context("nothing was decoded")?;
            output.write(&decoded)?;
        }
    }
    output.finish()?;
    staged.publish(&output.into_inner().into_inner()?)?;
    Ok(())
}
