//! Decodes each record by the schema that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, Int32Array, RecordBatch,
    RecordBatchOptions, UInt32Array,
};
use arrow::compute::{cast, concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use async_trait::async_trait;
use forebay_core::component::Problem;
use forebay_core::dead_letter::Reason;
use forebay_core::decode::{Decode, Decoded, Prepare, RawColumns};
use forebay_core::probe::{Halted, Obstacle, Probed};

use super::client::Client;
use super::options::RegistryOptions;
use super::schemas::{Known, Schemas};
use crate::decoders::{Avro, Kept};
use crate::decoding::AvroOptions;
use crate::schema::SchemaSpec;

/// Decodes records that begin with a zero byte and the id of their schema in a registry.
pub struct Registered {
    schemas: Schemas,
    payload: Payload,
    raw: RawColumns,
    schema: SchemaRef,
    id_column: bool,
}

/// What stands behind the id.
enum Payload {
    /// A JSON text, whose columns are configured; the registry only vouches for the id.
    Json(Arc<dyn Decode>),
    /// An Avro datum, read by the schema that it was written with.
    Avro { wanted: Option<SchemaSpec>, options: AvroOptions, kept: Kept },
}

/// The bytes before the payload.
const PREFIX: usize = 5;

impl Registered {
    /// Decodes Avro data to the wanted columns, or to those of the reader's schema.
    ///
    /// # Errors
    /// What is wrong with the options: neither is there, say.
    pub fn avro(
        registry: &RegistryOptions,
        wanted: Option<&SchemaSpec>,
        options: &AvroOptions,
        kept: Kept,
    ) -> Result<Self, Problem> {
        let columns = match (wanted, &options.reader_schema) {
            (Some(wanted), _) => {
                kept.schema(&wanted.to_arrow().fields().iter().cloned().collect::<Vec<_>>())
            }
            (None, Some(reader)) => {
                let itself = by(options, reader);
                let decoder = Avro::new(None, &itself, kept.clone())?;
                decoder.schema().unwrap_or_else(|| Arc::new(Schema::empty()))
            }
            (None, None) => {
                let text = "records of several schemas need one that they are read as";
                return Err(Problem::at("schema", text)
                    .help("write `schema = { ... }`, or `reader_schema_file` in `avro`"));
            }
        };
        let raw = kept.raw();
        let payload = Payload::Avro { wanted: wanted.cloned(), options: options.clone(), kept };
        Self::new(registry, payload, raw, &columns)
    }

    /// Decodes JSON texts with a decoder.
    ///
    /// # Errors
    /// What is wrong with the options.
    pub fn json(
        registry: &RegistryOptions,
        decoder: Arc<dyn Decode>,
        raw: RawColumns,
    ) -> Result<Self, Problem> {
        let columns = decoder.schema().unwrap_or_else(|| Arc::new(Schema::empty()));
        Self::new(registry, Payload::Json(decoder), raw, &columns)
    }

    fn new(
        registry: &RegistryOptions,
        payload: Payload,
        raw: RawColumns,
        columns: &Schema,
    ) -> Result<Self, Problem> {
        let mut fields: Vec<_> = columns.fields().iter().cloned().collect();
        if let Some(name) = &registry.id_column {
            if columns.index_of(name).is_ok() {
                let text = format!("`{name}` is also another column");
                return Err(Problem::at("registry.id_column", text));
            }
            fields.push(Arc::new(Field::new(name, DataType::Int32, false)));
        }
        Ok(Self {
            schemas: Schemas::new(Client::new(registry)?),
            payload,
            raw,
            schema: Arc::new(Schema::new(fields)),
            id_column: registry.id_column.is_some(),
        })
    }

    /// How the records of a schema are decoded.
    fn decoder(&self, kind: &str, text: &str) -> Result<Arc<dyn Decode>, String> {
        match &self.payload {
            Payload::Json(decoder) if kind == "JSON" => Ok(Arc::clone(decoder)),
            Payload::Json(_) => Err(format!("it is a schema of type {kind}, not JSON")),
            Payload::Avro { wanted, options, kept } if kind == "AVRO" => {
                let options = by(options, text);
                let decoder = Avro::new(wanted.as_ref(), &options, kept.clone())
                    .map_err(|problem| problem.message)?;
                let own = decoder.schema().map_or(0, |schema| schema.fields().len());
                let columns = self.schema.fields().len() - usize::from(self.id_column);
                match own == columns {
                    true => Ok(Arc::new(decoder)),
                    false => Err("it does not become the columns that are wanted".to_owned()),
                }
            }
            Payload::Avro { .. } => Err(format!("it is a schema of type {kind}, not AVRO")),
        }
    }

    fn values<'a>(&self, records: &'a RecordBatch) -> Result<&'a BinaryArray, String> {
        let column = records.columns().get(self.raw.value);
        column
            .and_then(|column| column.as_binary_opt::<i32>())
            .ok_or_else(|| format!("column {} of the records is not of bytes", self.raw.value))
    }

    /// These records without what stands before their payload.
    fn payloads(&self, records: &RecordBatch, rows: &UInt32Array) -> Result<RecordBatch, String> {
        let told = |error: ArrowError| error.to_string();
        let raw: Vec<usize> = (0..self.raw.schema.fields().len()).collect();
        let taken = records.project(&raw).map_err(told)?;
        let taken = take_record_batch(&taken, rows).map_err(told)?;
        let values = self.values(&taken)?;
        let bytes = values.value_data().len().saturating_sub(values.len() * PREFIX);
        let mut payloads = BinaryBuilder::with_capacity(values.len(), bytes);
        for value in values {
            payloads.append_option(value.map(|value| &value[PREFIX.min(value.len())..]));
        }
        let mut columns = taken.columns().to_vec();
        columns[self.raw.value] = Arc::new(payloads.finish());
        RecordBatch::try_new(taken.schema(), columns).map_err(told)
    }

    /// Puts the parts together in the order of the records.
    fn together(
        &self,
        parts: &[RecordBatch],
        order: Vec<u32>,
        ids: &[Option<u32>],
    ) -> Result<(RecordBatch, Vec<u32>), String> {
        let told = |error: ArrowError| error.to_string();
        let columns = self.schema.fields().len() - usize::from(self.id_column);
        let inner: Vec<usize> = (0..columns).collect();
        let inner = Arc::new(self.schema.project(&inner).map_err(told)?);
        let parts: Vec<RecordBatch> =
            parts.iter().map(|part| alike(part, &inner)).collect::<Result<_, _>>().map_err(told)?;
        let all = concat_batches(&inner, &parts).map_err(told)?;
        let mut places: Vec<u32> = (0..u32::try_from(order.len()).unwrap_or(u32::MAX)).collect();
        places.sort_unstable_by_key(|place| order[*place as usize]);
        let is_sorted = order.is_sorted();
        let all = match is_sorted {
            true => all,
            false => take_record_batch(&all, &UInt32Array::from(places)).map_err(told)?,
        };
        let mut order = order;
        order.sort_unstable();
        let mut columns = all.columns().to_vec();
        if self.id_column {
            let of = |row: &u32| ids[*row as usize].map_or(0, |id| id.cast_signed());
            columns
                .push(Arc::new(order.iter().map(of).map(Some).collect::<Int32Array>()) as ArrayRef);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(order.len()));
        let all = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .map_err(told)?;
        Ok((all, order))
    }
}

/// The same columns under this schema: what different writers' schemas leave in the metadata of
/// fields is of no interest.
fn alike(part: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = part.columns().iter().zip(schema.fields()).map(|(column, field)| {
        match column.data_type() == field.data_type() {
            true => Ok(Arc::clone(column)),
            false => cast(column, field.data_type()),
        }
    });
    let columns = columns.collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(part.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}

/// The options for data of one writer, without anything before them.
fn by(options: &AvroOptions, writer: &str) -> AvroOptions {
    AvroOptions {
        writer_schema: Some(writer.to_owned()),
        reader_schema: options.reader_schema.clone(),
        ..AvroOptions::default()
    }
}

/// The id of a record's schema.
fn id_of(record: &[u8]) -> Option<u32> {
    let [0, a, b, c, d, ..] = record else { return None };
    Some(u32::from_be_bytes([*a, *b, *c, *d]))
}

#[async_trait]
impl Prepare for Registered {
    async fn prepare(&self, records: &RecordBatch) -> Result<(), String> {
        let ids: BTreeSet<u32> = self.values(records)?.iter().flatten().filter_map(id_of).collect();
        self.schemas.fetch(ids, |kind, text| self.decoder(kind, text)).await
    }

    async fn probe(&self, probed: &mut Probed) -> Result<(), Halted> {
        let help = "start it, or mend `url`, `username`, `password` or `ca_file` of `registry`";
        let found = match self.schemas.subjects().await {
            Ok(Some(subjects)) => Ok(format!("{subjects} subjects can be seen")),
            Ok(None) => Ok("very many subjects can be seen".to_owned()),
            Err(why) => Err(Obstacle::new(why, help)),
        };
        probed.step("registry", found)
    }
}

impl Decode for Registered {
    fn schema(&self) -> Option<SchemaRef> {
        Some(Arc::clone(&self.schema))
    }

    fn prepare(&self) -> Option<&dyn Prepare> {
        Some(self)
    }

    fn raw(&self) -> Option<RawColumns> {
        Some(self.raw.clone())
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        let values = self.values(records)?;
        let mut ids = Vec::with_capacity(values.len());
        let mut groups: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut rejected = Vec::new();
        for (row, value) in (0_u32..).zip(values) {
            let id = value.and_then(id_of);
            ids.push(id);
            match (id, value) {
                (Some(id), _) => groups.entry(id).or_default().push(row),
                (None, Some(_)) => {
                    let text = "the record does not begin with a zero byte and the id of a schema";
                    rejected.push((row, Reason::new("syntax", text)));
                }
                (None, None) => {
                    rejected.push((row, Reason::new("null", "the record has no value")))
                }
            }
        }
        let (mut parts, mut order) = (Vec::new(), Vec::new());
        for (id, rows) in groups {
            let decoder = match self.schemas.get(id) {
                Some(Known::Usable(decoder)) => Ok(decoder),
                Some(Known::Unusable(why, _)) => Err(why),
                None => Err("the registry does not have it".to_owned()),
            };
            let decoder = match decoder {
                Ok(decoder) => decoder,
                Err(why) => {
                    let reason =
                        Reason::new("schema", format!("the schema {id} cannot be used: {why}"));
                    rejected.extend(rows.into_iter().map(|row| (row, reason.clone())));
                    continue;
                }
            };
            let rows = UInt32Array::from(rows);
            let decoded = decoder.decode(&self.payloads(records, &rows)?)?;
            let original = |row: u32| rows.value(row as usize);
            match &decoded.rows {
                Some(own) => order.extend(own.values().iter().map(|row| original(*row))),
                None => order.extend_from_slice(rows.values()),
            }
            let refused = decoded.rejected.into_iter();
            rejected.extend(refused.map(|(row, reason)| (original(row), reason)));
            parts.push(decoded.columns);
        }
        let (columns, order) = self.together(&parts, order, &ids)?;
        rejected.sort_unstable_by_key(|(row, _)| *row);
        let rows = (!rejected.is_empty()).then(|| UInt32Array::from(order));
        Ok(Decoded { columns, rows, rejected })
    }
}
