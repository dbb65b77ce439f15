//! The headers of records.

use arrow::array::{Array, AsArray, ListArray, RecordBatch};
use arrow::datatypes::DataType;
use forebay_core::dead_letter::Reason;
use rdkafka::message::{Header, OwnedHeaders};

use forebay_formats::encode::{BytesColumn, Filled, column};

/// The headers that the records of some rows have.
pub(crate) struct Headers<'a> {
    pub(crate) listed: Option<HeadersColumn<'a>>,
    pub(crate) named: Vec<(&'a str, Filled<'a>)>,
}

impl Headers<'_> {
    /// The headers of a row, and how many bytes they have; `None` if there are none.
    ///
    /// # Errors
    /// If one of them cannot be made.
    pub(crate) fn get(&self, row: usize) -> Result<Option<(OwnedHeaders, usize)>, Reason> {
        if self.listed.is_none() && self.named.is_empty() {
            return Ok(None);
        }
        let mut headers: Option<OwnedHeaders> = None;
        let mut size = 0;
        let mut add = |key: &str, value: Option<&[u8]>| {
            size += key.len() + value.map_or(0, <[u8]>::len);
            let so_far = headers.take().unwrap_or_default();
            headers = Some(so_far.insert(Header { key, value }));
        };
        if let Some(column) = &self.listed {
            column.each(row, &mut add)?;
        }
        let mut buffer = Vec::new();
        for (key, value) in &self.named {
            add(key, value.get(row, &mut buffer)?);
        }
        Ok(headers.map(|headers| (headers, size)))
    }
}

/// A column with all headers of a record: a list of structs of a key and a value, as the Kafka
/// source has them.
pub(crate) struct HeadersColumn<'a> {
    list: &'a ListArray,
    keys: BytesColumn<'a>,
    values: BytesColumn<'a>,
}

impl<'a> HeadersColumn<'a> {
    /// The column of this name as such.
    ///
    /// # Errors
    /// If there is none, or if it is something else.
    pub(crate) fn of(rows: &'a RecordBatch, name: &str) -> Result<Self, String> {
        let array = column(rows, name)?;
        Self::fitting(array).ok_or_else(|| {
            format!(
                "the column `{name}` is {}: headers are a list of structs with the fields `key` \
                 and `value`, of text or bytes",
                array.data_type()
            )
        })
    }

    /// The array as such; `None` if it is something else.
    pub(crate) fn fitting(array: &'a dyn Array) -> Option<Self> {
        let DataType::List(_) = array.data_type() else { return None };
        let list = array.as_list::<i32>();
        let pairs = list.values().as_struct_opt()?;
        let bytes = |name| BytesColumn::of(pairs.column_by_name(name)?.as_ref());
        Some(Self { list, keys: bytes("key")?, values: bytes("value")? })
    }

    fn each(&self, row: usize, add: &mut impl FnMut(&str, Option<&[u8]>)) -> Result<(), Reason> {
        if self.list.is_null(row) {
            return Ok(());
        }
        let bounds = self.list.value_offsets();
        for pair in bounds[row]..bounds[row + 1] {
            let pair = usize::try_from(pair).unwrap_or_default();
            let key = std::str::from_utf8(self.keys.get(pair).unwrap_or_default())
                .map_err(|_| Reason::new("header", "the key of a header is no text"))?;
            add(key, self.values.get(pair));
        }
        Ok(())
    }
}
