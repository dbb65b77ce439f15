//! Every row is taken and counted, as fast as the options say.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Int64Array, RecordBatch};
use forebay_blackhole_sink::{Blackhole, Settings};
use forebay_core::batch::{Batch, Rows};
use forebay_core::component::{BuildContext, SinkComponent};
use forebay_core::sink::{Durability, Sink, Written};
use forebay_core::units::TimeSpan;

#[expect(clippy::unwrap_used, reason = "one column of numbers is always a record batch")]
fn batch(id: u64, chunks: &[i64]) -> Batch {
    let chunks = chunks
        .iter()
        .map(|rows| {
            let numbers = Arc::new(Int64Array::from_iter_values(0..*rows));
            let columns = RecordBatch::try_from_iter([("n", numbers as _)]).unwrap();
            Rows { columns, origin: None }
        })
        .collect();
    Batch::new(id, chunks)
}

#[tokio::test]
async fn rows_are_counted_and_a_batch_is_durable_at_once() {
    let mut sink = Blackhole::new(Settings { latency: TimeSpan::from_millis(0) });
    let count = sink.count();
    sink.connect().await.unwrap();
    assert_eq!(sink.write(&batch(1, &[3, 4])).await.unwrap(), Written::all());
    assert_eq!(sink.write(&batch(2, &[])).await.unwrap(), Written::all());
    assert_eq!((count.rows(), count.batches()), (7, 2));
    assert_eq!(sink.durability(), Durability::AtWrite);
    assert_eq!(sink.settle(true).await.unwrap(), None);
    let seen = sink.observe().unwrap().observe();
    assert_eq!(seen, serde_json::json!({ "rows": 7, "batches": 2 }));
}

#[tokio::test(start_paused = true)]
async fn latency_is_the_time_that_a_batch_takes() {
    let settings: Settings = serde_json::from_str(r#"{ "latency": "250ms" }"#).unwrap();
    let context = BuildContext {
        name: "nowhere".into(),
        pipeline: "p".into(),
        base: ".".into(),
        instance: "1".into(),
    };
    let mut sink = <Blackhole as SinkComponent>::build(settings, &context).unwrap();
    let start = tokio::time::Instant::now();
    sink.write(&batch(1, &[1])).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(250));
}
