//! A topic, sinks on it, and batches for them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use forebay_core::Batch;
use forebay_core::Sink;
use forebay_core::batch::Rows;
use forebay_core::component::{BuildContext, SinkComponent};
use forebay_core::sink::{SinkError, Written};
use forebay_integration_tests::servers::Kafka;
use forebay_integration_tests::servers::kafka::{Arrived, Isolation};
use forebay_kafka_sink::Kafka as KafkaSink;
use serde_json::{Value, json};

/// A sink with further options.
pub(crate) fn sink(kafka: &Kafka, topic: &str, options: Value) -> Box<dyn Sink> {
    sink_at(&[kafka.bootstrap()], topic, options)
}

/// A sink of brokers anywhere.
pub(crate) fn sink_at(brokers: &[&str], topic: &str, options: Value) -> Box<dyn Sink> {
    let brokers: Vec<&str> = brokers.iter().flat_map(|list| list.split(',')).collect();
    let mut all = json!({ "brokers": brokers, "topic": topic });
    all.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    let context = BuildContext {
        name: "out".into(),
        pipeline: topic.into(),
        base: "/".into(),
        instance: "test".into(),
    };
    KafkaSink::build(serde_json::from_value(all).unwrap(), &context).unwrap()
}

/// A batch of records with a key, a number and a text, in one chunk.
pub(crate) fn batch(id: u64, rows: impl IntoIterator<Item = (String, i64)>) -> Batch {
    let (keys, numbers): (Vec<String>, Vec<i64>) = rows.into_iter().unzip();
    let texts: Vec<String> = numbers.iter().map(|number| format!("text-{number}")).collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("name", Arc::new(StringArray::from(keys))),
        ("number", Arc::new(Int64Array::from(numbers))),
        ("text", Arc::new(StringArray::from(texts))),
    ];
    let columns = RecordBatch::try_from_iter(columns).unwrap();
    batch_of(id, columns)
}

/// A batch of records of bytes, as the source `kafka` gives them.
pub(crate) fn raw(id: u64, records: &[(Option<&[u8]>, Option<&[u8]>)]) -> Batch {
    let keys: Vec<_> = records.iter().map(|(key, _)| *key).collect();
    let values: Vec<_> = records.iter().map(|(_, value)| *value).collect();
    let columns: [(&str, ArrayRef); 2] = [
        ("key", Arc::new(BinaryArray::from(keys))),
        ("value", Arc::new(BinaryArray::from(values))),
    ];
    batch_of(id, RecordBatch::try_from_iter(columns).unwrap())
}

fn batch_of(id: u64, columns: RecordBatch) -> Batch {
    let rows = Rows { columns, origin: None };
    Batch { time_ms: id * 10, lineage: "one".into(), ..Batch::new(id, vec![rows]) }
}

/// Numbers with one of seven keys each.
pub(crate) fn keyed(numbers: std::ops::Range<i64>) -> impl Iterator<Item = (String, i64)> {
    numbers.map(|number| (format!("key-{}", number % 7), number))
}

/// Connects and begins, as the engine does.
pub(crate) async fn begin(sink: &mut dyn Sink) -> Result<(), SinkError> {
    sink.connect().await?;
    sink.recover(None).await
}

/// Writes as the engine does, until the batch is written or the sink can never write it.
pub(crate) async fn deliver(sink: &mut dyn Sink, batch: &Batch) -> Result<Written, SinkError> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let error = match sink.write(batch).await {
            Ok(written) => return Ok(written),
            Err(error) => error,
        };
        let is_final = matches!(error, SinkError::Reset(_) | SinkError::Fatal(_));
        if is_final || tokio::time::Instant::now() > deadline {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        if matches!(error, SinkError::Disconnected(_)) {
            while let Err(error) = sink.connect().await {
                if matches!(error, SinkError::Fatal(_)) || tokio::time::Instant::now() > deadline {
                    return Err(error);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// What readers of a topic see who skip what is not committed.
pub(crate) fn seen(kafka: &Kafka, topic: &str) -> Result<Vec<Arrived>> {
    kafka.read(topic, Isolation::ReadCommitted)
}

/// The number in a record that is a row as JSON.
pub(crate) fn number(arrived: &Arrived) -> Result<i64> {
    let value = arrived.value.as_deref().context("a tombstone")?;
    let row: Value = serde_json::from_slice(value)?;
    let number = row["number"].as_i64().context("no number")?;
    ensure!(row["text"] == format!("text-{number}"), "{row}");
    Ok(number)
}

/// The numbers in a topic, in the order of partitions and offsets.
pub(crate) fn numbers(kafka: &Kafka, topic: &str) -> Result<Vec<i64>> {
    seen(kafka, topic)?.iter().map(number).collect()
}

/// Expects each number once, and those of a partition in order.
pub(crate) fn each_once_in_order(arrived: &[Arrived], expected: i64) -> Result<()> {
    let mut found = arrived.iter().map(number).collect::<Result<Vec<_>>>()?;
    in_order(arrived)?;
    found.sort_unstable();
    ensure!(found == (0..expected).collect::<Vec<_>>(), "{} of {expected}", found.len());
    Ok(())
}

/// Expects that the last writing of each number stands in order within each partition.
pub(crate) fn in_order(arrived: &[Arrived]) -> Result<()> {
    let mut last = std::collections::BTreeMap::new();
    for record in arrived {
        last.insert((record.partition, number(record)?), record.offset);
    }
    let places: Vec<_> = last.into_iter().collect();
    for pair in places.windows(2) {
        let [((one, first), before), ((other, second), after)] = pair else { continue };
        ensure!(one != other || before < after, "{second} comes before {first} in {one}");
    }
    Ok(())
}
