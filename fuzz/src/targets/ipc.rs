//! Arrow IPC streams.

use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Int64Array, ListArray, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, Int64Type};
use arrow_ipc::writer::StreamWriter;
use forebay_core::dead_letter::Reason;
use forebay_formats::ipc::{ArrowRows, Taken};
use forebay_formats::{Decoding, SchemaSpec};

/// The largest batch, and the largest record.
const MOST: usize = 4096;

/// First byte: the size of the pieces.
pub(super) fn run(data: &[u8]) {
    let [piece, stream @ ..] = data else { return };
    let whole = divide(stream, stream.len());
    let pieces = divide(stream, usize::from(*piece));
    if whole.values.len() < MOST {
        assert_eq!(whole, pieces, "the size of the pieces counts");
    }
    assert!(whole.values.iter().all(|record| record.len() <= MOST));
    assert!(whole.refused.iter().all(|(bytes, _)| bytes.len() <= 4096));
}

fn divide(stream: &[u8], piece: usize) -> Rows {
    let mut rows = ArrowRows::new(&wanted(), MOST, MOST);
    let mut all = Rows::default();
    for piece in stream.chunks(piece.max(1)) {
        let is_readable = rows.push(piece).is_ok();
        all.take(&mut rows);
        if !is_readable {
            return all;
        }
    }
    // What is wrong with the end says so.
    let _ = rows.finish();
    all.take(&mut rows);
    all
}

/// Rows that were taken; of those that are made of nothing there may be any number.
#[derive(Debug, Default, PartialEq)]
struct Rows {
    values: Vec<Vec<u8>>,
    refused: Vec<(Vec<u8>, Reason)>,
}

impl Rows {
    fn take(&mut self, rows: &mut ArrowRows) {
        while !rows.is_empty() && self.values.len() < MOST {
            let Ok(Taken { values, refused }) = rows.take() else { break };
            self.values.extend(values.iter().flatten().map(<[u8]>::to_vec));
            self.refused.extend(refused);
        }
    }
}

fn wanted() -> SchemaSpec {
    let options: Result<Decoding, _> =
        toml::from_str("schema = { id = \"int\", word = \"text\", list = [\"bigint\"] }");
    options.ok().and_then(|options| options.schema).unwrap_or_default()
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(1 << 40)]));
    let words: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("ccc")]));
    let same: DictionaryArray<Int32Type> = ["x", "y", "x"].into_iter().collect();
    let lists = [Some(vec![Some(1), None]), None, Some(vec![])];
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists));
    [
        vec![("id", ids.clone()), ("word", words)],
        vec![("word", Arc::new(same) as ArrayRef), ("id", ids)],
        vec![("list", lists)],
    ]
    .into_iter()
    .filter_map(|columns| stream(columns).ok())
    .map(|stream| [&[7], &stream[..]].concat())
    .collect()
}

fn stream(columns: Vec<(&str, ArrayRef)>) -> Result<Vec<u8>, arrow::error::ArrowError> {
    let columns = columns.into_iter().map(|(name, column)| (name, column, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema())?;
    writer.write(&batch)?;
    writer.write(&batch)?;
    writer.into_inner()
}
