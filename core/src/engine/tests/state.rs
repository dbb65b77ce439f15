//! A transform's state travels with the checkpoint.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;

use crate::batch::Rows;
use crate::sink::SinkError;
use crate::testing::{Numbers, Recorder};
use crate::transform::{Input, Snapshot, State, Transform, TransformError};

use super::super::Ended;
use super::{Bench, as_numbers, numbers, settings};

/// Emits the sum of all numbers so far, once per batch.
#[derive(Clone, Default)]
struct RunningSum(u64);

#[async_trait]
impl Transform for RunningSum {
    fn schema(&self) -> Option<SchemaRef> {
        None
    }

    async fn apply(&mut self, input: Input) -> Result<Vec<Rows>, TransformError> {
        let rows = input.tables.iter().flat_map(|(_, rows)| rows);
        self.0 += rows.flat_map(|rows| as_numbers(&rows.columns)).sum::<u64>();
        let sum: ArrayRef = Arc::new(UInt64Array::from(vec![self.0]));
        let columns = RecordBatch::try_from_iter([("sum", sum)]);
        let columns = columns.map_err(|error| TransformError::Failed(error.to_string()))?;
        Ok(vec![Rows { columns, origin: None }])
    }

    fn snapshot(&self) -> Option<Arc<dyn Snapshot>> {
        Some(Arc::new(self.clone()))
    }

    fn restore(&mut self, state: Option<&State>) -> Result<(), TransformError> {
        self.0 = match state {
            None => 0,
            Some(state) if state.schema == "sum" && state.version == 1 => {
                let bytes = state.bytes.as_slice().try_into();
                u64::from_le_bytes(bytes.map_err(|_| TransformError::Incompatible("cut".into()))?)
            }
            Some(state) => return Err(TransformError::Incompatible(state.schema.clone())),
        };
        Ok(())
    }
}

impl Snapshot for RunningSum {
    fn encode(&self) -> Result<State, TransformError> {
        Ok(State { schema: "sum".into(), version: 1, bytes: self.0.to_le_bytes().to_vec() })
    }
}

#[tokio::test(start_paused = true)]
async fn a_running_sum_is_right_although_the_sink_starts_the_pipeline_again() {
    for period in [5, 7, 11] {
        let bench = Bench::new();
        let broken = move |call: u64| {
            (call.is_multiple_of(period) && call < 60)
                .then(|| SinkError::Reset("no space left on device".into()))
        };
        let sink = Recorder::settling(&bench.rows, 2).failing(Box::new(broken));
        let mut pipeline = bench.pipeline(settings(), numbers(&[400, 400]), sink);
        pipeline.transform = Some(Box::new(RunningSum::default()));
        assert_eq!(bench.run(pipeline).await, Ok(Ended::Drained));
        let sums = bench.numbers_in_order();
        let expected: u64 = Numbers::all(&[400, 400]).iter().sum();
        assert_eq!(sums.last(), Some(&expected));
        assert!(sums.is_sorted_by(|a, b| a < b), "no batch counted twice: {sums:?}");
        assert_eq!(sums.len() as u64, bench.checkpoint.ledger().committed, "one sum per batch");
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_that_nobody_takes_up_is_refused_with_what_to_do() {
    let bench = Bench::new();
    let mut pipeline = bench.pipeline(settings(), numbers(&[10]), Recorder::new(&bench.rows));
    pipeline.transform = Some(Box::new(RunningSum::default()));
    assert_eq!(bench.run(pipeline).await, Ok(Ended::Drained));
    let pipeline = bench.pipeline(settings(), numbers(&[10]), Recorder::new(&bench.rows));
    let error = bench.run(pipeline).await.expect_err("the state is lost otherwise");
    assert_eq!(error.component, "transform");
    assert!(error.reason.contains("start with a new checkpoint"), "{error}");
}
