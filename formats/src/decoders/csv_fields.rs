//! One CSV record divided into its fields.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::decoding::CsvOptions;

/// Divides records into fields, with buffers that it keeps.
pub(crate) struct Fields {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

/// The state machine for these options.
pub(crate) fn reader(options: &CsvOptions) -> Reader {
    let ascii = |c: char| u8::try_from(c).unwrap_or(b'?');
    ReaderBuilder::new()
        .delimiter(ascii(options.delimiter))
        .quote(ascii(options.quote))
        .escape(options.escape.map(ascii))
        .build()
}

impl Fields {
    pub(crate) fn new(options: &CsvOptions) -> Self {
        Self { reader: reader(options), text: Vec::new(), ends: vec![0; 64], count: 0 }
    }

    /// Divides a record, which may end with a line end. An empty one has a single empty field.
    ///
    /// # Errors
    /// What is wrong: a quote that is not closed, or a second record.
    pub(crate) fn split(&mut self, record: &str) -> Result<(), &'static str> {
        let record = record.strip_suffix('\n').unwrap_or(record);
        let record = record.strip_suffix('\r').unwrap_or(record).as_bytes();
        self.count = 0;
        if record.is_empty() {
            self.ends[0] = 0;
            self.count = 1;
            return Ok(());
        }
        if self.text.len() <= record.len() {
            self.text.resize(record.len() + 1, 0);
        }
        self.reader.reset();
        let mut input = record;
        let mut ended = false;
        let mut written = 0;
        loop {
            let (result, read, wrote, ends) = self.reader.read_record(
                input,
                &mut self.text[written..],
                &mut self.ends[self.count..],
            );
            input = &input[read..];
            written += wrote;
            self.count += ends;
            match result {
                // Within quotes a line end is a character like any other: only a record whose
                // quotes are closed ends here.
                ReadRecordResult::InputEmpty if !ended => {
                    input = b"\n";
                    ended = true;
                }
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {
                    return Err("a quoted field is not closed");
                }
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record if ended => return Ok(()),
                ReadRecordResult::Record => return Err("a second record follows the first"),
            }
        }
    }

    /// How many fields the last record has.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// A field of the last record.
    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        let start = if index == 0 { 0 } else { self.ends[..self.count].get(index - 1).copied()? };
        let end = self.ends[..self.count].get(index).copied()?;
        // The record was UTF-8, and is only ever cut at ASCII characters.
        std::str::from_utf8(self.text.get(start..end)?).ok()
    }
}
