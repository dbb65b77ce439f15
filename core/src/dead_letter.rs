//! Records that could not be delivered, kept with all that is needed to mend and replay them.

mod raw_columns;

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, RecordBatch, StringBuilder, TimestampMillisecondBuilder,
    UInt32Builder, UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::batch::BatchId;

pub use raw_columns::from_text as raw_columns_from_text;
pub(crate) use raw_columns::to_text as raw_columns_to_text;

/// Why a record or row was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// A short, stable word to count by, such as `syntax`, `type`, `oversize`.
    pub class: &'static str,
    /// What is wrong, in a sentence.
    pub text: String,
}

impl Reason {
    /// A reason of a class.
    #[must_use]
    pub fn new(class: &'static str, text: impl Into<String>) -> Self {
        Self { class, text: text.into() }
    }
}

/// The stage at which a record was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The format could not make columns of it.
    Decode,
    /// The sink can never write it.
    Write,
}

impl Stage {
    /// The stage as it stands in the dead letter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Write => "write",
        }
    }
}

/// A record that could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The pipeline.
    pub pipeline: Arc<str>,
    /// The batch in which it was refused.
    pub batch: BatchId,
    /// The source that it came from; `None` if a transform made the row of several records.
    pub source: Option<Arc<str>>,
    /// Its split.
    pub split: Option<String>,
    /// Its own position, or that of the range in which it stood.
    pub position: Option<String>,
    /// The stage that refused it.
    pub stage: Stage,
    /// The sink that refused it, if it was one.
    pub sink: Option<Arc<str>>,
    /// Why.
    pub reason: Reason,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was refused, in milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// The record's bytes as they arrived; for a row that has none, the row as JSON.
    pub bytes: Vec<u8>,
    /// What else its source said of it, such as a key, headers or a peer: the other raw columns as
    /// a JSON object, which [`raw_columns_from_text`] reads. `None` if there are none.
    pub columns: Option<String>,
}

/// The columns of a table of dead letters.
#[must_use]
pub fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("pipeline", DataType::Utf8, false),
        Field::new("batch", DataType::UInt64, false),
        Field::new("source", DataType::Utf8, true),
        Field::new("split", DataType::Utf8, true),
        Field::new("position", DataType::Utf8, true),
        Field::new("stage", DataType::Utf8, false),
        Field::new("sink", DataType::Utf8, true),
        Field::new("class", DataType::Utf8, false),
        Field::new("reason", DataType::Utf8, false),
        Field::new("attempts", DataType::UInt32, false),
        Field::new("time", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), false),
        Field::new("bytes", DataType::Binary, false),
        Field::new("columns", DataType::Utf8, true),
    ]))
}

/// The letters as a table with the columns of [`schema`], which any sink can write.
///
/// # Errors
/// Never for letters; the type is that of Arrow's constructor.
pub fn to_columns(letters: &[DeadLetter]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let mut pipeline = StringBuilder::new();
    let mut batch = UInt64Builder::new();
    let mut source = StringBuilder::new();
    let mut split = StringBuilder::new();
    let mut position = StringBuilder::new();
    let mut stage = StringBuilder::new();
    let mut sink = StringBuilder::new();
    let mut class = StringBuilder::new();
    let mut reason = StringBuilder::new();
    let mut attempts = UInt32Builder::new();
    let mut time = TimestampMillisecondBuilder::new().with_timezone("UTC");
    let mut bytes = BinaryBuilder::new();
    let mut columns = StringBuilder::new();
    for letter in letters {
        pipeline.append_value(&letter.pipeline);
        batch.append_value(letter.batch);
        source.append_option(letter.source.as_deref());
        split.append_option(letter.split.as_deref());
        position.append_option(letter.position.as_deref());
        stage.append_value(letter.stage.as_str());
        sink.append_option(letter.sink.as_deref());
        class.append_value(letter.reason.class);
        reason.append_value(&letter.reason.text);
        attempts.append_value(letter.attempts);
        time.append_value(i64::try_from(letter.time_ms).unwrap_or(i64::MAX));
        bytes.append_value(&letter.bytes);
        columns.append_option(letter.columns.as_deref());
    }
    let table: Vec<ArrayRef> = vec![
        Arc::new(pipeline.finish()),
        Arc::new(batch.finish()),
        Arc::new(source.finish()),
        Arc::new(split.finish()),
        Arc::new(position.finish()),
        Arc::new(stage.finish()),
        Arc::new(sink.finish()),
        Arc::new(class.finish()),
        Arc::new(reason.finish()),
        Arc::new(attempts.finish()),
        Arc::new(time.finish()),
        Arc::new(bytes.finish()),
        Arc::new(columns.finish()),
    ];
    RecordBatch::try_new(schema(), table)
}
