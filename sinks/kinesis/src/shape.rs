//! From rows to records.

use std::sync::Arc;

use arrow::array::RecordBatch;
use forebay_core::dead_letter::Reason;
use forebay_formats::encode::{BytesColumn, Filled, RecordEncoding, RowsAsValues, Template};

use crate::options::KinesisSinkOptions;
use crate::service::Record;

/// The columns that are passed on if nothing else is said.
const DATA: [&str; 2] = ["data", "value"];
const KEY: &str = "partition_key";

/// The longest partition key, in characters.
const KEY_CHARACTERS: usize = 256;

/// What the options say about records.
#[derive(Debug)]
pub(crate) struct Shape {
    key: Option<Template>,
    hash: Option<Template>,
    data: Option<Template>,
    /// Whether the whole row is the data even if there is a column `data`.
    whole_row: bool,
    encoding: RecordEncoding,
    max_record_bytes: usize,
}

/// The records of some rows.
pub(crate) struct Records<'a> {
    key: Option<Filled<'a>>,
    usual_key: Option<BytesColumn<'a>>,
    hash: Option<Filled<'a>>,
    data: Data<'a>,
    max_record_bytes: usize,
    buffer: Vec<u8>,
}

enum Data<'a> {
    Filled(Filled<'a>),
    Usual(BytesColumn<'a>),
    Row(RowsAsValues<'a>),
}

impl Shape {
    /// # Errors
    /// If a template does not parse, which the check of the options finds.
    pub(crate) fn of(options: &KinesisSinkOptions) -> Result<Self, String> {
        let parse = |text: &Option<String>| text.as_deref().map(Template::parse).transpose();
        Ok(Self {
            key: parse(&options.partition_key)?,
            hash: parse(&options.explicit_hash_key)?,
            data: parse(&options.data)?,
            whole_row: options.format.is_some(),
            encoding: options.encoding(),
            max_record_bytes: usize::try_from(options.max_record_bytes.0).unwrap_or(usize::MAX),
        })
    }

    /// The records of some rows.
    ///
    /// # Errors
    /// If the columns do not fit what the options say.
    pub(crate) fn bind<'a>(&'a self, rows: &'a RecordBatch) -> Result<Records<'a>, String> {
        let usual = |name: &str| {
            rows.column_by_name(name).and_then(|column| BytesColumn::of(column.as_ref()))
        };
        let data = match &self.data {
            Some(data) => Data::Filled(data.bind(rows)?),
            None => match DATA.into_iter().find_map(usual).filter(|_| !self.whole_row) {
                Some(data) => Data::Usual(data),
                None => Data::Row(RowsAsValues::new(&self.encoding, rows)?),
            },
        };
        let bind = |template: &'a Option<Template>| {
            template.as_ref().map(|template| template.bind(rows)).transpose()
        };
        Ok(Records {
            usual_key: usual(KEY).filter(|_| self.key.is_none()),
            key: bind(&self.key)?,
            hash: bind(&self.hash)?,
            data,
            max_record_bytes: self.max_record_bytes,
            buffer: Vec::new(),
        })
    }
}

impl Records<'_> {
    /// The record of a row.
    ///
    /// # Errors
    /// Why the row can never be a record.
    pub(crate) fn get(&mut self, row: usize) -> Result<Record, Reason> {
        let buffer = &mut self.buffer;
        let key = match (&self.key, &self.usual_key) {
            (Some(filled), _) => key_of(filled.get(row, buffer)?)?,
            (None, Some(column)) => key_of(column.get(row))?,
            (None, None) => format!("{:032x}", fastrand::u128(..)).into(),
        };
        let hash = match &self.hash {
            Some(filled) => filled.get(row, buffer)?.map(hash_of).transpose()?,
            None => None,
        };
        let data = match &mut self.data {
            Data::Filled(filled) => filled.get(row, buffer)?,
            Data::Usual(column) => column.get(row),
            Data::Row(rows) => Some(rows.get(row)?),
        };
        let Some(data) = data else {
            return Err(Reason::new("null", "a column that the data is made from is null"));
        };
        let record = Record { key, hash, data: data.to_vec() };
        if record.size() > self.max_record_bytes {
            let text = format!(
                "the record has {} bytes, and `max_record_bytes` allows {}",
                record.size(),
                self.max_record_bytes
            );
            return Err(Reason::new("oversize", text));
        }
        Ok(record)
    }
}

fn key_of(bytes: Option<&[u8]>) -> Result<Arc<str>, Reason> {
    let wrong = |text: &str| Reason::new("partition_key", text);
    let bytes =
        bytes.ok_or_else(|| wrong("a column that the partition key is made from is null"))?;
    let key = std::str::from_utf8(bytes).map_err(|_| wrong("the partition key is no text"))?;
    let characters = key.chars().take(KEY_CHARACTERS + 1).count();
    match characters {
        0 => Err(wrong("the partition key is empty")),
        _ if characters > KEY_CHARACTERS => {
            Err(wrong("the partition key has more than 256 characters"))
        }
        _ => Ok(key.into()),
    }
}

fn hash_of(bytes: &[u8]) -> Result<String, Reason> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    match text.parse::<u128>() {
        Ok(hash) => Ok(hash.to_string()),
        Err(_) => {
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(64)]);
            let text = format!("the hash key `{shown}` is no number below 2^128");
            Err(Reason::new("explicit_hash_key", text))
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, BinaryArray, Int64Array, StringArray};

    use super::*;

    fn shape(text: &str) -> Shape {
        Shape::of(&toml::from_str(&format!("stream = \"o\"\n{text}")).unwrap()).unwrap()
    }

    fn rows() -> RecordBatch {
        let columns: [(&str, ArrayRef); 3] = [
            ("id", Arc::new(Int64Array::from(vec![Some(1), None, Some(-3)]))),
            ("name", Arc::new(StringArray::from(vec![Some("a"), Some(""), None]))),
            (
                "long",
                Arc::new(StringArray::from(vec![
                    "x".repeat(256),
                    "y".repeat(257),
                    "é".repeat(256),
                ])),
            ),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, it)| (name, it, true)))
            .unwrap()
    }

    fn told(shape: &Shape, rows: &RecordBatch) -> Vec<String> {
        let mut records = shape.bind(rows).unwrap();
        let told = (0..rows.num_rows()).map(|row| match records.get(row) {
            Ok(record) => {
                let data = String::from_utf8_lossy(&record.data).into_owned();
                format!("{} {:?} {data}", record.key.len(), record.hash)
            }
            Err(reason) => reason.class.to_owned(),
        });
        told.collect()
    }

    #[test]
    fn rows_of_the_source_are_passed_on() {
        let columns: [(&str, ArrayRef); 2] = [
            ("data", Arc::new(BinaryArray::from(vec![&b"x"[..], b""]))),
            ("partition_key", Arc::new(StringArray::from(vec!["k", "key"]))),
        ];
        let rows = RecordBatch::try_from_iter(columns).unwrap();
        assert_eq!(told(&shape(""), &rows), ["1 None x", "3 None "]);
        let whole = told(&shape("format = \"csv\""), &rows);
        assert!(whole[0].starts_with("1 None ") && whole[0].ends_with(",k"), "{whole:?}");
    }

    #[test]
    fn keys_that_the_service_does_not_take_are_dead_letters() {
        assert_eq!(
            told(&shape("partition_key = \"{name}\"\ndata = \"{id}\""), &rows()),
            ["1 None 1", "partition_key", "partition_key"]
        );
        let long = told(&shape("partition_key = \"{long}\"\ndata = \"d\""), &rows());
        assert_eq!(long, ["256 None d", "partition_key", "512 None d"]);
    }

    #[test]
    fn hash_keys_are_numbers() {
        let shape = shape("partition_key = \"k\"\nexplicit_hash_key = \"{id}\"\ndata = \"d\"");
        assert_eq!(told(&shape, &rows()), ["1 Some(\"1\") d", "1 None d", "explicit_hash_key"]);
    }

    #[test]
    fn what_is_null_or_too_large_is_a_dead_letter() {
        let null = shape("partition_key = \"k\"\ndata = \"{name}\"");
        assert_eq!(told(&null, &rows()), ["1 None a", "1 None ", "null"]);
        let columns: [(&str, ArrayRef); 1] =
            [("data", Arc::new(StringArray::from(vec!["x".repeat(992), "x".repeat(993)])))];
        let rows = RecordBatch::try_from_iter(columns).unwrap();
        let large = told(&shape("max_record_bytes = \"1KiB\""), &rows);
        // A key of its own has 32 bytes.
        assert!(large[0].starts_with("32 None x"));
        assert_eq!(large[1], "oversize");
    }

    #[test]
    fn columns_that_are_not_there_are_named() {
        let shape = shape("partition_key = \"{nobody}\"");
        let error = shape.bind(&rows()).err().unwrap();
        assert!(error.contains("no column `nobody`"), "{error}");
    }
}
