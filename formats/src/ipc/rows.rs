//! Batches as records.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::array::{BinaryArray, BinaryBuilder, RecordBatch, UInt32Array};
use arrow::buffer::Buffer;
use arrow::compute::take_record_batch;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::root_as_message;
use forebay_core::dead_letter::Reason;

use super::messages::{Message, Messages};
use crate::SchemaSpec;
use crate::conform::Conform;
use crate::encode::{
    AvroRecordFraming, AvroRecordOptions, RecordEncoding, RecordFormat, Records, json_lines,
};

/// How much of a refused row is kept, in bytes.
const KEPT: usize = 4096;
/// The end of a stream, as it stands in one.
const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
/// The most rows that become records at once: a row may be far larger than its share of the batch,
/// where a dictionary has its words.
const TOGETHER: usize = 256;
/// How often the largest batch the words may take that a stream adds to its dictionaries.
const ADDED: usize = 4;

/// Takes an Arrow IPC stream, and makes a record of each row.
///
/// Columns are found by their names and made those of the schema, where no value changes its
/// meaning. A row with a value that does not fit is refused alone.
pub struct ArrowRows {
    wanted: SchemaSpec,
    max_batch: usize,
    max_record: usize,
    messages: Messages,
    decoder: StreamDecoder,
    /// Whether the columns of the stream are known to fit.
    fits: bool,
    /// How many bytes the stream added to its dictionaries.
    added: usize,
    encoding: RecordEncoding,
    /// Batches whose rows are still to become records, with the columns of the stream.
    waiting: VecDeque<RecordBatch>,
    encoded: Records,
    /// What is refused beside rows.
    refused: Vec<(Vec<u8>, Reason)>,
}

/// Records that were made of rows.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The records, in the order of the rows.
    pub values: BinaryArray,
    /// Rows that were refused, as JSON, at most the first 4 KiB; or the beginning of a batch that
    /// broke off.
    pub refused: Vec<(Vec<u8>, Reason)>,
}

impl fmt::Debug for ArrowRows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ArrowRows").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

impl ArrowRows {
    /// Makes records of at most `max_record` bytes of batches of at most `max_batch`.
    #[must_use]
    pub fn new(wanted: &SchemaSpec, max_batch: usize, max_record: usize) -> Self {
        Self {
            wanted: wanted.clone(),
            max_batch,
            max_record,
            messages: Messages::new(max_batch),
            decoder: StreamDecoder::new(),
            fits: false,
            added: 0,
            encoding: RecordEncoding {
                format: RecordFormat::Avro,
                avro: AvroRecordOptions {
                    framing: AvroRecordFraming::SingleObject,
                    schema_id: None,
                },
                ..RecordEncoding::default()
            },
            waiting: VecDeque::new(),
            encoded: Records::default(),
            refused: Vec::new(),
        }
    }

    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    /// What follows cannot be told any more, as the end of a sentence about the stream.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        while let Some(message) = self.messages.next(&mut bytes)? {
            match message {
                Message::Whole(message) => {
                    self.bound(&message)?;
                    self.feed(message)?;
                }
                Message::End(mark) => {
                    self.feed(mark)?;
                    self.begin_anew();
                }
            }
        }
        Ok(())
    }

    /// The stream ends, or broke off. A batch that is not whole is refused.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish(&mut self) -> Result<(), String> {
        let unfinished = self.messages.unfinished();
        if !unfinished.is_empty() {
            let text = format!("the stream ended after {} bytes of a batch", unfinished.len());
            let kept = unfinished[..unfinished.len().min(KEPT)].to_vec();
            self.refused.push((kept, Reason::new("truncated", text)));
        }
        // A batch without bytes of its own is only told by what follows it.
        let fed = match self.decoder.schema() {
            Some(_) => self.feed(Buffer::from(&END)),
            None => Ok(()),
        };
        self.begin_anew();
        fed
    }

    /// Makes records of the next rows, and answers them: not more than some hundred, as long as
    /// there are any.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn take(&mut self) -> Result<Taken, String> {
        let mut taken = Taken {
            values: BinaryArray::from_iter_values::<[u8; 0], _>([]),
            refused: std::mem::take(&mut self.refused),
        };
        let Some(batch) = self.waiting.pop_front() else { return Ok(taken) };
        let now = batch.slice(0, batch.num_rows().min(TOGETHER));
        if now.num_rows() < batch.num_rows() {
            let later = batch.slice(TOGETHER, batch.num_rows() - TOGETHER);
            self.waiting.push_front(later);
        }
        self.convert(&now, &mut taken)?;
        Ok(taken)
    }

    /// Whether there is nothing to take.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.refused.is_empty()
    }

    fn begin_anew(&mut self) {
        self.messages = Messages::new(self.max_batch);
        self.decoder = StreamDecoder::new();
        self.fits = false;
        self.added = 0;
    }

    /// Dictionaries that only ever grow are stopped.
    fn bound(&mut self, message: &Buffer) -> Result<(), String> {
        let metadata = message.get(END.len()..).unwrap_or_default();
        let added = root_as_message(metadata).is_ok_and(|message| {
            message.header_as_dictionary_batch().is_some_and(|batch| batch.isDelta())
        });
        self.added += if added { message.len() } else { 0 };
        match self.added > ADDED.saturating_mul(self.max_batch) {
            true => Err(format!("added {} bytes to its dictionaries, and more", self.added)),
            false => Ok(()),
        }
    }

    fn feed(&mut self, mut message: Buffer) -> Result<(), String> {
        while !message.is_empty() {
            // The library panics where metadata names what it does not know.
            let decoded = catch_unwind(AssertUnwindSafe(|| self.decoder.decode(&mut message)));
            let batch = decoded
                .map_err(|_| "has a message that the decoder does not know".to_owned())?
                .map_err(|error| format!("cannot be decoded: {error}"))?;
            if let Some(batch) = batch {
                self.add(batch)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, batch: RecordBatch) -> Result<(), String> {
        if !self.fits {
            Conform::new(&batch.schema(), &self.wanted)
                .map_err(|all| format!("has other columns than `schema`: {}", all.join("; ")))?;
            self.fits = true;
        }
        if batch.num_rows() > 0 {
            self.waiting.push_back(batch);
        }
        Ok(())
    }

    fn convert(&mut self, batch: &RecordBatch, taken: &mut Taken) -> Result<(), String> {
        let (columns, rejected) = Conform::to(&self.wanted).apply_each(batch)?;
        let mut refused: BTreeMap<u32, Reason> = rejected.into_iter().collect();
        // The rows that are left, by their places in the batch.
        let rows = 0..u32::try_from(batch.num_rows()).unwrap_or(u32::MAX);
        let left: Vec<u32> = rows.filter(|row| !refused.contains_key(row)).collect();
        let misfits = self.encoding.misfits(&columns);
        let columns = match misfits.is_empty() {
            true => columns,
            false => {
                let mut stays: Vec<u32> = (0..).take(columns.num_rows()).collect();
                for (row, reason) in misfits.into_iter().rev() {
                    refused.insert(left.get(row).copied().unwrap_or(u32::MAX), reason);
                    stays.remove(row);
                }
                take_record_batch(&columns, &UInt32Array::from(stays))
                    .map_err(|error| error.to_string())?
            }
        };
        self.encoding.encode(&columns, &mut self.encoded).map_err(|error| error.to_string())?;
        let mut values = BinaryBuilder::new();
        for row in 0..self.encoded.len() {
            let record = self.encoded.get(row).unwrap_or_default();
            if record.len() > self.max_record {
                let text = format!("the row takes {} bytes, of {}", record.len(), self.max_record);
                let kept = record[..record.len().min(KEPT)].to_vec();
                taken.refused.push((kept, Reason::new("oversize", text)));
            } else {
                values.append_value(record);
            }
        }
        taken.values = values.finish();
        for (row, reason) in refused {
            let mut kept = json_lines(&batch.slice(row as usize, 1)).unwrap_or_default();
            kept.truncate(KEPT);
            taken.refused.push((kept, reason));
        }
        Ok(())
    }
}
