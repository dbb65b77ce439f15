//! One file to one file.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::{Result, ensure};
use arrow::json::{LineDelimitedWriter, ReaderBuilder};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::output::Staged;
use crate::input::order_columns;

const BUFFER: usize = 1 << 20;
const ROWS: usize = 8_192;

/// Line by line: a record is looked at, and written.
pub(crate) fn text_to_text(from: &Path, to: &Path) -> Result<()> {
    let mut input = BufReader::with_capacity(BUFFER, File::open(from)?);
    let (staged, file) = Staged::create(to, "part.txt")?;
    let mut output = BufWriter::with_capacity(BUFFER, file);
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        // The gateway's columns are text: it checks too.
        std::str::from_utf8(&line)?;
        output.write_all(&line)?;
        line.clear();
    }
    staged.publish(&output.into_inner()?)?;
    Ok(())
}

/// Arrow's JSON reader to Arrow's JSON writer.
pub(crate) fn json_to_json(from: &Path, to: &Path) -> Result<()> {
    let input = BufReader::with_capacity(BUFFER, File::open(from)?);
    let (staged, file) = Staged::create(to, "part.jsonl")?;
    let mut output = LineDelimitedWriter::new(BufWriter::with_capacity(BUFFER, file));
    for rows in ReaderBuilder::new(order_columns()).with_batch_size(ROWS).build(input)? {
        output.write(&rows?)?;
    }
    output.finish()?;
    staged.publish(&output.into_inner().into_inner()?)?;
    Ok(())
}

/// Arrow's JSON reader to Parquet with Snappy.
pub(crate) fn json_to_parquet(from: &Path, to: &Path) -> Result<()> {
    let input = BufReader::with_capacity(BUFFER, File::open(from)?);
    let (staged, file) = Staged::create(to, "part.parquet")?;
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut output = ArrowWriter::try_new(file, order_columns(), Some(properties))?;
    let mut count = 0;
    for rows in ReaderBuilder::new(order_columns()).with_batch_size(ROWS).build(input)? {
        let rows = rows?;
        count += rows.num_rows();
        output.write(&rows)?;
    }
    ensure!(count > 0, "{} holds no records", from.display());
    staged.publish(&output.into_inner()?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input;

    #[test]
    fn each_reference_writes_every_record() {
        let folder = tempfile::tempdir().unwrap();
        let (lines, orders) = (folder.path().join("lines"), folder.path().join("orders"));
        input::write_file(&lines, 500, input::line).unwrap();
        input::write_file(&orders, 500, input::order).unwrap();
        let to = folder.path().join("out");
        text_to_text(&lines, &to).unwrap();
        json_to_json(&orders, &to).unwrap();
        json_to_parquet(&orders, &to).unwrap();
        let read = |name: &str| std::fs::read(to.join(name)).unwrap();
        assert_eq!(read("part.txt"), std::fs::read(&lines).unwrap());
        assert_eq!(read("part.jsonl").iter().filter(|byte| **byte == b'\n').count(), 500);
        assert!(read("part.parquet").ends_with(b"PAR1"));
    }
}
