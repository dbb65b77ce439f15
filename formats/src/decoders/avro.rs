//! One Avro datum per record.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{FieldRef, SchemaRef};
use arrow_avro::reader::{Decoder, ReaderBuilder};
use arrow_avro::schema::{
    AvroSchema, CONFLUENT_MAGIC, Fingerprint, FingerprintAlgorithm, SINGLE_OBJECT_MAGIC,
    SchemaStore,
};
use forebay_core::component::Problem;
use forebay_core::dead_letter::Reason;
use forebay_core::decode::{Decode, Decoded, RawColumns};

use super::Kept;
use super::text::no_bytes;
use crate::columns::column::quoted;
use crate::conform::Conform;
use crate::decoding::{AvroFraming, AvroOptions};
use crate::schema::SchemaSpec;

/// Records that are decoded together. A broken record costs that the ones of its group before it
/// are decoded a second time.
const GROUP: usize = 1024;

/// The id under which the one schema is known to the decoder of the library, which wants each
/// datum to name its schema as Confluent's wire format does.
const SCHEMA_ID: u32 = 1;

/// The bytes of [Confluent's wire format](https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format)
/// before the datum: a zero byte and the id.
const PREFIX: usize = 5;

/// Makes typed columns of Avro data that were all written with one schema.
pub struct Avro {
    store: SchemaStore,
    framing: AvroFraming,
    /// The fingerprint that single objects have to name, little-endian.
    fingerprint: [u8; 8],
    decoded: SchemaRef,
    conform: Option<Conform>,
    kept: Kept,
    schema: SchemaRef,
}

/// A store with this one schema.
fn store(text: &str) -> Result<SchemaStore, String> {
    let mut store = SchemaStore::new_with_type(FingerprintAlgorithm::Id);
    store
        .set(Fingerprint::Id(SCHEMA_ID), AvroSchema::new(text.to_owned()))
        .map_err(|error| error.to_string())?;
    Ok(store)
}

fn decoder(store: &SchemaStore, rows: usize) -> Result<Decoder, String> {
    ReaderBuilder::new()
        .with_batch_size(rows)
        .with_writer_schema_store(store.clone())
        .with_active_fingerprint(Fingerprint::Id(SCHEMA_ID))
        .build_decoder()
        .map_err(|error| error.to_string())
}

/// Whether a text is an Avro schema of records.
///
/// # Errors
/// What is wrong with it.
pub fn check_writer_schema(text: &str) -> Result<(), String> {
    let wrong = |error| format!("the text is no Avro schema of a record: {error}");
    store(text).and_then(|store| decoder(&store, 1)).map(|_| ()).map_err(wrong)
}

impl Avro {
    /// A decoder of records that were written with the schema of the options.
    ///
    /// # Errors
    /// If there is no such schema, or the wanted columns cannot be made of it.
    pub fn new(
        wanted: Option<&SchemaSpec>,
        options: &AvroOptions,
        kept: Kept,
    ) -> Result<Self, Problem> {
        let Some(text) = &options.writer_schema else {
            return Err(Problem::at(
                "avro.writer_schema",
                "format `avro` needs the schema that the records were written with",
            )
            .help("write avro = { writer_schema = '''{\"type\": \"record\", ...}''' }"));
        };
        let wrong = |error: String| Problem::at("avro.writer_schema", error);
        let store = store(text).map_err(wrong)?;
        let fingerprint = AvroSchema::new(text.clone()).fingerprint(FingerprintAlgorithm::Rabin);
        let fingerprint = match fingerprint.map_err(|error| wrong(error.to_string()))? {
            Fingerprint::Rabin(fingerprint) => fingerprint.to_le_bytes(),
            other => return Err(wrong(format!("an unexpected fingerprint {other:?}"))),
        };
        let decoded = decoder(&store, 1).map_err(wrong)?.schema();
        let conform = wanted
            .map(|wanted| Conform::new(&decoded, wanted))
            .transpose()
            .map_err(|mismatches| Problem::at("schema", mismatches.join("; ")))?;
        let result = conform.as_ref().map_or_else(|| Arc::clone(&decoded), Conform::schema);
        let fields: Vec<FieldRef> = result.fields().iter().cloned().collect();
        let schema = kept.schema(&fields);
        let framing = options.framing;
        Ok(Self { store, framing, fingerprint, decoded, conform, kept, schema })
    }

    /// The datum of a record, without what stands before it.
    fn datum<'a>(&self, record: &'a [u8]) -> Result<&'a [u8], Reason> {
        match self.framing {
            AvroFraming::None => Ok(record),
            AvroFraming::Confluent
                if record.len() >= PREFIX && record.starts_with(&CONFLUENT_MAGIC) =>
            {
                Ok(&record[PREFIX..])
            }
            AvroFraming::Confluent => {
                Err(Reason::new("syntax", "the record does not begin with a zero byte and an id"))
            }
            AvroFraming::SingleObject => {
                let rest = record.strip_prefix(&SINGLE_OBJECT_MAGIC).ok_or_else(|| {
                    Reason::new("syntax", "the record does not begin with the bytes c3 01")
                })?;
                rest.strip_prefix(&self.fingerprint).ok_or_else(|| {
                    Reason::new("syntax", "the record was written with another schema")
                })
            }
        }
    }

    /// Feeds one record; after an error the decoder holds half a row and is of no more use.
    fn feed(
        &self,
        decoder: &mut Decoder,
        record: &[u8],
        frame: &mut Vec<u8>,
    ) -> Result<(), Reason> {
        let datum = self.datum(record)?;
        frame.clear();
        frame.extend_from_slice(&CONFLUENT_MAGIC);
        frame.extend_from_slice(&SCHEMA_ID.to_be_bytes());
        frame.extend_from_slice(datum);
        let before = decoder.capacity();
        match decoder.decode(frame) {
            Ok(read) if read == frame.len() && decoder.capacity() + 1 == before => Ok(()),
            Ok(read) if decoder.capacity() < before => {
                let more = frame.len() - read;
                Err(Reason::new("syntax", format!("{more} bytes follow the datum")))
            }
            Ok(_) => Err(Reason::new("syntax", "the datum is cut off")),
            Err(error) => Err(Reason::new("syntax", quoted(&error.to_string()))),
        }
    }

    /// Decodes the records of a group, whose broken ones go to `rejected`.
    fn decode_group(
        &self,
        values: &BinaryArray,
        group: Range<usize>,
        batches: &mut Vec<RecordBatch>,
        rejected: &mut Vec<(u32, Reason)>,
    ) -> Result<(), String> {
        let mut frame = Vec::new();
        let mut from = group.start;
        while from < group.end {
            let mut row_decoder = decoder(&self.store, group.len().max(1))?;
            let mut broken = None;
            for row in from..group.end {
                let fed = match values.is_null(row) {
                    true => Err(no_bytes()),
                    false => self.feed(&mut row_decoder, values.value(row), &mut frame),
                };
                if let Err(reason) = fed {
                    broken = Some((row, reason));
                    break;
                }
            }
            let until = broken.as_ref().map_or(group.end, |(row, _)| *row);
            if broken.is_some() {
                // Half a row lies in the decoder: those before it are decoded again without it.
                row_decoder = decoder(&self.store, group.len().max(1))?;
                for row in from..until {
                    self.feed(&mut row_decoder, values.value(row), &mut frame)
                        .map_err(|reason| reason.text)?;
                }
            }
            match row_decoder
                .flush()
                .map_err(|error| Reason::new("type", quoted(&error.to_string())))
                .and_then(|batch| batch.map(|batch| self.conformed(batch)).transpose())
            {
                Ok(batch) => batches.extend(batch),
                Err(reason) if until - from <= 1 => {
                    rejected.push((u32::try_from(from).unwrap_or(u32::MAX), reason));
                }
                // A value is wrong in itself (no UTF-8, too large for its column): each on its own.
                Err(_) => {
                    for row in from..until {
                        self.decode_group(values, row..row + 1, batches, rejected)?;
                    }
                }
            }
            if let Some((row, reason)) = broken {
                rejected.push((u32::try_from(row).unwrap_or(u32::MAX), reason));
            }
            from = until + 1;
        }
        Ok(())
    }

    fn conformed(&self, batch: RecordBatch) -> Result<RecordBatch, Reason> {
        match &self.conform {
            Some(conform) => conform.apply(&batch),
            None => Ok(batch),
        }
    }
}

impl Decode for Avro {
    fn schema(&self) -> Option<SchemaRef> {
        Some(Arc::clone(&self.schema))
    }

    fn raw(&self) -> Option<RawColumns> {
        Some(self.kept.raw())
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        let values = self.kept.values(records)?;
        let mut batches = Vec::new();
        let mut rejected = Vec::new();
        for start in (0..values.len()).step_by(GROUP) {
            let group = start..values.len().min(start + GROUP);
            self.decode_group(values, group, &mut batches, &mut rejected)?;
        }
        let schema =
            self.conform.as_ref().map_or_else(|| Arc::clone(&self.decoded), Conform::schema);
        let batch = concat_batches(&schema, &batches).map_err(|error| error.to_string())?;
        let columns: Vec<ArrayRef> = batch.columns().to_vec();
        self.kept.assemble(&self.schema, records, columns, rejected)
    }
}
