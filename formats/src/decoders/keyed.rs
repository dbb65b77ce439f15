//! Keys decoded beside values.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, RecordBatch, RecordBatchOptions, UInt32Array,
};
use arrow::compute::{take, take_record_batch};
use arrow::datatypes::{Field, FieldRef, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use async_trait::async_trait;
use forebay_core::component::Problem;
use forebay_core::dead_letter::Reason;
use forebay_core::decode::{Decode, Decoded, Prepare, RawColumns};
use forebay_core::probe::{Halted, Probed};

use crate::schema::SchemaSpec;

/// Decodes the key of each record beside its value. A record whose key cannot be decoded is
/// refused; where there is no key, its columns are null.
pub struct Keyed {
    value: Arc<dyn Decode>,
    key: Arc<dyn Decode>,
    /// The raw column of keys.
    at: usize,
    /// What the decoder of keys takes: that column alone.
    raw: SchemaRef,
    /// A column of the key that must not be null, if there is one.
    required: Option<String>,
    columns: Fields,
    schema: SchemaRef,
}

impl Keyed {
    /// The key stands in the raw column `at`; its own columns are named `prefix` and their name.
    /// They may be null but for those that the schema `wanted` says must not.
    ///
    /// # Errors
    /// A column that is there twice.
    pub fn new(
        value: Arc<dyn Decode>,
        key: Arc<dyn Decode>,
        (raw, at): (&Schema, usize),
        prefix: &str,
        wanted: Option<&SchemaSpec>,
    ) -> Result<Self, Problem> {
        let known = |decoder: &Arc<dyn Decode>| {
            decoder.schema().ok_or_else(|| {
                Problem::at("key", "the columns of the records are not known beforehand")
            })
        };
        let (of_value, of_key) = (known(&value)?, known(&key)?);
        let is_required = |field: &Field| {
            wanted.and_then(|it| it.field(field.name())).is_some_and(|field| !field.nullable)
        };
        let required = of_key.fields().iter().find(|field| is_required(field));
        let required = required.map(|field| field.name().clone());
        let columns: Fields = of_key
            .fields()
            .iter()
            .map(|field| {
                let name = format!("{prefix}{}", field.name());
                Field::new(name, field.data_type().clone(), !is_required(field))
            })
            .collect();
        if let Some(twice) = columns.iter().find(|it| of_value.index_of(it.name()).is_ok()) {
            let text = format!("`{}` is a column of the key, and another one", twice.name());
            return Err(Problem::at("key", text)
                .help("name the key's columns otherwise with `prefix`, or leave `keep` out"));
        }
        let all: Vec<FieldRef> = of_value.fields().iter().chain(&columns).cloned().collect();
        Ok(Self {
            value,
            key,
            at,
            raw: Arc::new(
                raw.project(&[at]).map_err(|error| Problem::at("key", error.to_string()))?,
            ),
            required,
            columns,
            schema: Arc::new(Schema::new(all)),
        })
    }

    fn keys<'a>(&self, records: &'a RecordBatch) -> Result<&'a BinaryArray, String> {
        let column = records.columns().get(self.at);
        column
            .and_then(|column| column.as_binary_opt::<i32>())
            .ok_or_else(|| format!("column {} of the records is not of bytes", self.at))
    }

    /// The keys that there are, and the record of each.
    fn present(&self, keys: &BinaryArray) -> Result<(RecordBatch, UInt32Array), ArrowError> {
        let rows = 0..u32::try_from(keys.len()).unwrap_or(u32::MAX);
        let rows: UInt32Array = rows.filter(|row| keys.is_valid(*row as usize)).collect();
        let all: ArrayRef = Arc::new(keys.clone());
        let column = if keys.null_count() == 0 { all } else { take(&all, &rows, None)? };
        Ok((RecordBatch::try_new(Arc::clone(&self.raw), vec![column])?, rows))
    }

    /// The decoded keys, the row of each record's key among them, and why some are refused.
    fn decoded(&self, records: &RecordBatch) -> Result<Places, String> {
        let keys = self.keys(records)?;
        let (present, of) = self.present(keys).map_err(|error| error.to_string())?;
        let decoded = self.key.decode(&present)?;
        let mut places = vec![None; keys.len()];
        let mut place = |row: u32, at: u32| {
            if let Some(place) = places.get_mut(of.value(row as usize) as usize) {
                *place = Some(at);
            }
        };
        match &decoded.rows {
            Some(rows) => (0..).zip(rows.values()).for_each(|(at, row)| place(*row, at)),
            None => {
                let rows = u32::try_from(decoded.columns.num_rows()).unwrap_or(u32::MAX);
                (0..rows).for_each(|row| place(row, row));
            }
        }
        let mut refused: BTreeMap<u32, Reason> = BTreeMap::new();
        for (row, reason) in decoded.rejected {
            let text = format!("the key: {}", reason.text);
            refused.insert(of.value(row as usize), Reason::new(reason.class, text));
        }
        if let Some(name) = &self.required {
            for row in (0..keys.len()).filter(|row| keys.is_null(*row)) {
                let text = format!("the record has no key, but `{name}` of it must not be null");
                let row = u32::try_from(row).unwrap_or(u32::MAX);
                refused.insert(row, Reason::new("missing", text));
            }
        }
        Ok(Places { columns: decoded.columns, places, refused })
    }
}

/// Where the decoded key of each record is.
struct Places {
    columns: RecordBatch,
    /// For each record, the row of its key.
    places: Vec<Option<u32>>,
    refused: BTreeMap<u32, Reason>,
}

#[async_trait]
impl Prepare for Keyed {
    async fn prepare(&self, records: &RecordBatch) -> Result<(), String> {
        if let Some(value) = self.value.prepare() {
            value.prepare(records).await?;
        }
        let Some(key) = self.key.prepare() else { return Ok(()) };
        let (present, _) = self.present(self.keys(records)?).map_err(|error| error.to_string())?;
        key.prepare(&present).await
    }

    async fn probe(&self, probed: &mut Probed) -> Result<(), Halted> {
        for decoder in [&self.value, &self.key] {
            if let Some(prepare) = decoder.prepare() {
                prepare.probe(probed).await?;
            }
        }
        Ok(())
    }
}

impl Decode for Keyed {
    fn schema(&self) -> Option<SchemaRef> {
        Some(Arc::clone(&self.schema))
    }

    fn prepare(&self) -> Option<&dyn Prepare> {
        let is_wanted = self.value.prepare().is_some() || self.key.prepare().is_some();
        is_wanted.then_some(self)
    }

    fn raw(&self) -> Option<RawColumns> {
        self.value.raw()
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        let told = |error: ArrowError| error.to_string();
        let keys = self.decoded(records)?;
        let Decoded { mut columns, rows, mut rejected } = self.value.decode(records)?;
        let count = u32::try_from(columns.num_rows()).unwrap_or(u32::MAX);
        let record = |row: u32| rows.as_ref().map_or(row, |rows| rows.value(row as usize));
        let mut of_rows: Vec<u32> = (0..count).map(record).collect();
        let mut is_one_to_one = rows.is_none();
        if !keys.refused.is_empty() {
            let stays: UInt32Array =
                (0..count).filter(|row| !keys.refused.contains_key(&record(*row))).collect();
            columns = take_record_batch(&columns, &stays).map_err(told)?;
            of_rows.retain(|record| !keys.refused.contains_key(record));
            is_one_to_one = false;
            // A record is refused once: for its value, if that is broken too.
            let mut refused = keys.refused;
            rejected.iter().for_each(|(row, _)| drop(refused.remove(row)));
            rejected.extend(refused);
            rejected.sort_by_key(|(row, _)| *row);
        }
        let places: UInt32Array =
            of_rows.iter().map(|row| keys.places.get(*row as usize).copied().flatten()).collect();
        // Each record has a key, and nothing was refused: they stand in the same order.
        let is_same = is_one_to_one && keys.columns.num_rows() == of_rows.len();
        let mut all = columns.columns().to_vec();
        for (column, field) in keys.columns.columns().iter().zip(&self.columns) {
            let column = match is_same {
                true => Arc::clone(column),
                false => take(column, &places, None).map_err(told)?,
            };
            if column.data_type() != field.data_type() {
                return Err(format!("the column `{}` is of another type", field.name()));
            }
            all.push(column);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(of_rows.len()));
        let columns = RecordBatch::try_new_with_options(Arc::clone(&self.schema), all, &options)
            .map_err(told)?;
        let rows = (!is_one_to_one).then(|| UInt32Array::from(of_rows));
        Ok(Decoded { columns, rows, rejected })
    }
}
