//! What can be seen, and that it is bounded.

#[cfg(test)]
mod memory {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, UnionArray};
    use arrow::datatypes::{DataType, Field, UnionFields};
    use forebay_core::component::{BuildContext, Component, SinkComponent};
    use forebay_core::sink::SinkError;
    use forebay_core::{Batch, Rows, Sink};
    use forebay_memory_sink::Memory;
    use serde_json::{Value, json};

    fn build(options: Value) -> Box<dyn Sink> {
        let context = BuildContext {
            name: "m".into(),
            pipeline: "p".into(),
            base: ".".into(),
            instance: "a".into(),
        };
        Memory::build(serde_json::from_value(options).unwrap(), &context).unwrap()
    }

    fn batch(id: u64, columns: Vec<RecordBatch>) -> Batch {
        let rows = |columns| Rows { columns, origin: None };
        Batch::new(id, columns.into_iter().map(rows).collect())
    }

    fn numbers(range: std::ops::Range<i64>) -> RecordBatch {
        let ids = Arc::new(Int64Array::from_iter_values(range)) as ArrayRef;
        RecordBatch::try_from_iter([("id", ids)]).unwrap()
    }

    fn seen(sink: &dyn Sink) -> Value {
        sink.observe().unwrap().observe()
    }

    #[tokio::test]
    async fn the_last_rows_stay_and_a_batch_counts_once() {
        let mut sink = build(json!({"rows": 3}));
        sink.connect().await.unwrap();
        sink.write(&batch(1, vec![numbers(0..10), numbers(10..12)])).await.unwrap();
        sink.write(&batch(1, vec![numbers(0..10), numbers(10..12)])).await.unwrap();
        let seen = seen(sink.as_ref());
        assert_eq!(seen["rows"], json!([{"id": 9}, {"id": 10}, {"id": 11}]));
        assert_eq!((&seen["total_rows"], &seen["last_batch"]), (&json!(12), &json!(1)));
    }

    #[tokio::test]
    async fn bytes_are_bounded_also_against_one_huge_row() {
        let mut sink = build(json!({"bytes": "100"}));
        let texts = |text: String| -> RecordBatch {
            let column = Arc::new(StringArray::from(vec![text])) as ArrayRef;
            RecordBatch::try_from_iter([("t", column)]).unwrap()
        };
        for id in 1..20 {
            sink.write(&batch(id, vec![texts("x".repeat(20))])).await.unwrap();
            assert!(seen(sink.as_ref())["bytes"].as_u64().unwrap() <= 100);
        }
        sink.write(&batch(20, vec![texts("x".repeat(1000))])).await.unwrap();
        let seen = seen(sink.as_ref());
        let rows = seen["rows"].as_array().unwrap();
        assert_eq!(rows.last().unwrap(), &json!({"oversize_bytes": 1008}));
        assert!(seen["bytes"].as_u64().unwrap() <= 100);
    }

    #[tokio::test]
    async fn columns_that_json_cannot_tell_stop_the_pipeline() {
        let fields = UnionFields::from_fields([Field::new("a", DataType::Int64, true)]);
        let union = UnionArray::try_new(
            fields,
            vec![0].into(),
            None,
            vec![Arc::new(Int64Array::from(vec![1]))],
        )
        .unwrap();
        let rows = RecordBatch::try_from_iter([("u", Arc::new(union) as ArrayRef)]).unwrap();
        let mut sink = build(json!({}));
        assert!(matches!(sink.write(&batch(1, vec![rows])).await, Err(SinkError::Fatal(_))));
    }

    #[test]
    fn options_out_of_range_are_found() {
        let options = serde_json::from_value(json!({"rows": 0, "bytes": "0"})).unwrap();
        let found: Vec<_> = Memory::check(&options).into_iter().flat_map(|it| it.path).collect();
        assert_eq!(found, ["rows", "bytes"]);
    }
}
