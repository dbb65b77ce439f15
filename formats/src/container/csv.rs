//! CSV files.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, DictionaryArray, Int32Array, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use csv_core::{ReadRecordResult, Reader};

use super::error::ContainerError;
use super::open::Container;
use crate::decoders::CsvFields;
use crate::decoding::CsvOptions;
use crate::schema::SchemaSpec;

/// The column with the header of the file that a raw CSV record stands in; null if it has none.
pub const HEADER: &str = "header";

/// The longest record, in bytes. A quote that is not closed would take the rest of the file.
const MAX_RECORD: usize = 64 << 20;

/// The columns of raw CSV records: their bytes in `value`, and in [`HEADER`] the header of their
/// file.
#[must_use]
pub fn raw_csv_schema() -> SchemaRef {
    let header = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    Arc::new(Schema::new(vec![
        Field::new("value", DataType::Binary, false),
        Field::new(HEADER, header, true),
    ]))
}

/// An open CSV file.
pub(super) struct CsvFile {
    path: PathBuf,
    options: CsvOptions,
    header: Option<String>,
    records: Records,
    /// The number of the record that comes next.
    next: u64,
}

impl CsvFile {
    pub(super) fn open(
        path: &Path,
        options: &CsvOptions,
        wanted: Option<&SchemaSpec>,
    ) -> Result<Self, ContainerError> {
        let mut file = Self {
            path: path.to_owned(),
            options: options.clone(),
            header: None,
            records: Records::open(path, options)?,
            next: 0,
        };
        file.rewind()?;
        if let (Some(header), Some(wanted)) = (&file.header, wanted) {
            let mismatches = mismatches(header, options, wanted);
            if !mismatches.is_empty() {
                return Err(ContainerError::Schema { path: path.to_owned(), mismatches });
            }
        }
        Ok(file)
    }

    /// Goes to the first record, behind the header.
    fn rewind(&mut self) -> Result<(), ContainerError> {
        self.records = Records::open(&self.path, &self.options)?;
        self.next = 0;
        if self.options.header {
            let mut header = Vec::new();
            self.records.next(&mut header).map_err(|error| self.failed(error))?;
            let text = String::from_utf8(header).map_err(|_| {
                ContainerError::corrupt(&self.path, "CSV", "at its header", "it is not UTF-8")
            })?;
            self.header = Some(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned());
        }
        Ok(())
    }

    fn failed(&self, error: Failed) -> ContainerError {
        match error {
            Failed::Io(error) => ContainerError::io(&self.path, error),
            Failed::TooLong => ContainerError::corrupt(
                &self.path,
                "CSV",
                format!("at record {}", self.next),
                "the record is longer than 64 MiB; a quote may not be closed",
            ),
        }
    }
}

/// Columns of the schema that the header does not have, but that must not be null.
fn mismatches(header: &str, options: &CsvOptions, wanted: &SchemaSpec) -> Vec<String> {
    let mut fields = CsvFields::new(options);
    if let Err(error) = fields.split(header) {
        return vec![format!("the header: {error}")];
    }
    let names: Vec<_> = (0..fields.len()).filter_map(|at| fields.get(at)).map(str::trim).collect();
    let missing = |name: &str| !names.contains(&name);
    let mut mismatches: Vec<_> = wanted
        .fields
        .iter()
        .filter(|field| !field.nullable && missing(&field.name))
        .map(|field| format!("there is no column `{}`, and it must not be null", field.name))
        .collect();
    if wanted.fields.iter().all(|field| missing(&field.name)) {
        mismatches
            .push(format!("none of the columns is in the schema; there are {}", names.join(", ")));
    }
    mismatches
}

impl Container for CsvFile {
    fn schema(&self) -> SchemaRef {
        raw_csv_schema()
    }

    fn total_records(&self) -> Option<u64> {
        None
    }

    fn read(&mut self, from: u64, max: usize) -> Result<RecordBatch, ContainerError> {
        if from < self.next {
            self.rewind()?;
        }
        let mut record = Vec::new();
        while self.next < from {
            if !self.records.next(&mut record).map_err(|error| self.failed(error))? {
                return Ok(RecordBatch::new_empty(raw_csv_schema()));
            }
            self.next += 1;
        }
        let mut values = BinaryBuilder::new();
        let mut bytes = 0;
        let mut count = 0;
        // What is read together is bounded as one record is.
        while count < max && bytes < MAX_RECORD {
            if !self.records.next(&mut record).map_err(|error| self.failed(error))? {
                break;
            }
            self.next += 1;
            count += 1;
            bytes += record.len();
            values.append_value(&record);
        }
        let key = self.header.as_ref().map(|_| 0);
        let keys: Int32Array = std::iter::repeat_n(key, count).collect();
        let header = StringArray::from_iter_values(&self.header);
        let corrupt = |error| ContainerError::corrupt(&self.path, "CSV", "at its header", error);
        let headers =
            DictionaryArray::<Int32Type>::try_new(keys, Arc::new(header)).map_err(corrupt)?;
        let columns: Vec<ArrayRef> = vec![Arc::new(values.finish()), Arc::new(headers)];
        RecordBatch::try_new(raw_csv_schema(), columns).map_err(corrupt)
    }
}

/// The records of a CSV file as their bytes.
struct Records {
    input: Box<dyn BufRead + Send>,
    machine: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

enum Failed {
    Io(std::io::Error),
    TooLong,
}

impl Records {
    fn open(path: &Path, options: &CsvOptions) -> Result<Self, ContainerError> {
        let io = |error| ContainerError::io(path, error);
        let file = File::open(path).map_err(io)?;
        let extension = path.extension().and_then(|extension| extension.to_str());
        let input: Box<dyn BufRead + Send> = match extension {
            Some("gz") => {
                Box::new(BufReader::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))))
            }
            Some("zst") => Box::new(BufReader::new(zstd::Decoder::new(file).map_err(io)?)),
            _ => Box::new(BufReader::new(file)),
        };
        let machine = crate::decoders::csv_reader(options);
        Ok(Self { input, machine, text: vec![0; 4096], ends: vec![0; 64] })
    }

    /// Reads the next record, without its line end; `false` if there is none. Empty lines are
    /// none. A record whose quote is not closed is the rest of the file.
    fn next(&mut self, record: &mut Vec<u8>) -> Result<bool, Failed> {
        record.clear();
        self.machine.reset();
        loop {
            let input = self.input.fill_buf().map_err(Failed::Io)?;
            if record.is_empty() {
                // The machine skips line ends before a record; they are no part of it.
                let blank = input.iter().take_while(|b| matches!(b, b'\n' | b'\r')).count();
                if blank > 0 {
                    self.input.consume(blank);
                    continue;
                }
            }
            if input.is_empty() {
                return Ok(!record.is_empty());
            }
            let (result, read, _, _) =
                self.machine.read_record(input, &mut self.text, &mut self.ends);
            record.extend_from_slice(&input[..read]);
            self.input.consume(read);
            if matches!(result, ReadRecordResult::Record) {
                while matches!(record.last(), Some(b'\n' | b'\r')) {
                    record.pop();
                }
                return Ok(true);
            }
            if record.len() > MAX_RECORD {
                return Err(Failed::TooLong);
            }
        }
    }
}
