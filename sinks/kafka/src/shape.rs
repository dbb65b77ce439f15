//! From rows to records.

use arrow::array::RecordBatch;
use forebay_core::dead_letter::Reason;
use forebay_formats::encode::{BytesColumn, Filled, RecordEncoding, RowsAsValues, Template};
use rdkafka::message::OwnedHeaders;

use crate::headers::{Headers, HeadersColumn};
use crate::numbers::{Partitions, Times};
use crate::options::KafkaSinkOptions;
use crate::topic_name::why_unfit;

/// The columns that are passed on if nothing else is said: those of the source `kafka`.
const VALUE: &str = "value";
const KEY: &str = "key";
const HEADERS: &str = "headers";

/// What a record takes beside its key, value and headers, at most: fields of variable length.
const RECORD_OVERHEAD: usize = 70;

/// What the options say about records.
#[derive(Debug)]
pub(crate) struct Shape {
    topic: Template,
    key: Option<Template>,
    value: Option<Template>,
    /// Whether the whole row is the value even if there is a column `value`.
    whole_row: bool,
    encoding: RecordEncoding,
    headers: Vec<(String, Template)>,
    headers_column: Option<String>,
    partition: Option<Template>,
    timestamp: Option<Template>,
    max_record_bytes: usize,
}

/// A record on its way. It borrows from the row wherever it can.
pub(crate) struct Record<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: Option<i32>,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) headers: Option<OwnedHeaders>,
}

impl Shape {
    /// # Errors
    /// If a template does not parse, which the check of the options finds.
    pub(crate) fn of(options: &KafkaSinkOptions) -> Result<Self, String> {
        let parse = |text: &Option<String>| text.as_deref().map(Template::parse).transpose();
        let header = |(name, text): (&String, &String)| {
            Ok::<_, String>((name.clone(), Template::parse(text)?))
        };
        Ok(Self {
            topic: Template::parse(&options.topic)?,
            key: parse(&options.key)?,
            value: parse(&options.value)?,
            whole_row: options.format.is_some(),
            encoding: RecordEncoding {
                format: options.format.unwrap_or_default(),
                csv: options.csv.clone(),
                avro: options.avro.clone(),
            },
            headers: options.headers.iter().map(header).collect::<Result<_, _>>()?,
            headers_column: options.headers_column.clone(),
            partition: parse(&options.partition)?,
            timestamp: parse(&options.timestamp)?,
            max_record_bytes: usize::try_from(options.max_record_bytes.0).unwrap_or(usize::MAX),
        })
    }

    /// The topic, if it is the same for all rows.
    pub(crate) fn topic(&self) -> Option<&str> {
        self.topic.fixed()
    }

    /// The records of some rows.
    ///
    /// # Errors
    /// If the columns do not fit what the options say.
    pub(crate) fn bind<'a>(&'a self, rows: &'a RecordBatch) -> Result<Records<'a>, String> {
        let usual = |name| rows.column_by_name(name).map(AsRef::as_ref);
        let usual_bytes = |name| usual(name).and_then(BytesColumn::of);
        let mut key = self.key.as_ref().map(|key| key.bind(rows).map(Key::Filled)).transpose()?;
        let mut listed = match &self.headers_column {
            Some(name) => Some(HeadersColumn::of(rows, name)?),
            None => None,
        };
        let value = match &self.value {
            Some(value) => Value::Filled(value.bind(rows)?),
            None => match usual_bytes(VALUE).filter(|_| !self.whole_row) {
                Some(value) => {
                    key = key.or_else(|| usual_bytes(KEY).map(Key::Usual));
                    listed = listed.or_else(|| usual(HEADERS).and_then(HeadersColumn::fitting));
                    Value::Usual(value)
                }
                None => Value::Row(RowsAsValues::new(&self.encoding, rows)?),
            },
        };
        let named = |(name, value): &'a (String, Template)| {
            Ok::<_, String>((name.as_str(), value.bind(rows)?))
        };
        Ok(Records {
            topic: self.topic.bind(rows)?,
            fixed_topic: self.topic.fixed(),
            key,
            value,
            headers: Headers {
                listed,
                named: self.headers.iter().map(named).collect::<Result<_, _>>()?,
            },
            partitions: Partitions::bind(self.partition.as_ref(), rows)?,
            times: Times::bind(self.timestamp.as_ref(), rows)?,
            max_record_bytes: self.max_record_bytes,
            buffers: Buffers::default(),
        })
    }
}

/// The records of some rows.
pub(crate) struct Records<'a> {
    topic: Filled<'a>,
    /// Its name was checked with the options.
    fixed_topic: Option<&'a str>,
    key: Option<Key<'a>>,
    value: Value<'a>,
    headers: Headers<'a>,
    partitions: Partitions,
    times: Times,
    max_record_bytes: usize,
    buffers: Buffers,
}

enum Key<'a> {
    Filled(Filled<'a>),
    Usual(BytesColumn<'a>),
}

enum Value<'a> {
    Filled(Filled<'a>),
    Usual(BytesColumn<'a>),
    Row(RowsAsValues<'a>),
}

#[derive(Default)]
struct Buffers {
    topic: Vec<u8>,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl Records<'_> {
    /// The record of a row.
    ///
    /// # Errors
    /// Why the row can never be a record.
    pub(crate) fn get(&mut self, row: usize) -> Result<Record<'_>, Reason> {
        let Self {
            topic,
            fixed_topic,
            key,
            value,
            headers,
            partitions,
            times,
            buffers,
            max_record_bytes,
        } = self;
        let topic = match fixed_topic {
            Some(topic) => *topic,
            None => topic_of(topic.get(row, &mut buffers.topic)?)?,
        };
        let key = match key {
            Some(Key::Filled(filled)) => filled.get(row, &mut buffers.key)?,
            Some(Key::Usual(column)) => column.get(row),
            None => None,
        };
        let value = match value {
            Value::Filled(filled) => filled.get(row, &mut buffers.value)?,
            Value::Usual(column) => column.get(row),
            Value::Row(rows) => Some(rows.get(row)?),
        };
        let headers = headers.get(row)?;
        let header_bytes = headers.as_ref().map_or(0, |(_, size)| *size);
        let size = key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len) + header_bytes;
        if size + RECORD_OVERHEAD > *max_record_bytes {
            return Err(Reason::new(
                "oversize",
                format!(
                    "the record has {size} bytes, and `max_record_bytes` allows {}, with \
                     {RECORD_OVERHEAD} for what stands around",
                    *max_record_bytes
                ),
            ));
        }
        Ok(Record {
            topic,
            partition: partitions.get(row)?,
            key,
            value,
            timestamp: times.get(row)?,
            headers: headers.map(|(headers, _)| headers),
        })
    }
}

fn topic_of(bytes: Option<&[u8]>) -> Result<&str, Reason> {
    let Some(bytes) = bytes else {
        return Err(Reason::new("topic", "a column that the topic is made from is null"));
    };
    let name = std::str::from_utf8(bytes)
        .map_err(|_| Reason::new("topic", "the name of the topic is no text"))?;
    match why_unfit(name) {
        None => Ok(name),
        Some(why) => Err(Reason::new("topic", why)),
    }
}

#[cfg(test)]
mod tests;
