//! The engine with doubles: what it promises, under faults of every part.

mod crashes;
mod crowded;
mod delivery;
mod limits;
mod shared;
mod state;
mod tuning;

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, AsArray};
use arrow::datatypes::UInt64Type;
use tokio_util::sync::CancellationToken;

use crate::budget::Budget;
use crate::flow::Limits;
use crate::progress::{Event, Listener, PipelineState, Progress};
use crate::retry::RetryPolicy;
use crate::testing::{MemoryCheckpoint, Numbers, PausedClock, Recorder, RecorderStore};
use crate::{Sink, Source};

use super::{Ended, InputParts, OutputParts, Pipeline, PipelineError, Settings, Window};

/// Remembers all events.
#[derive(Default)]
struct Heard {
    events: Mutex<Vec<Event>>,
}

impl Listener for Heard {
    fn on_event(&self, event: &Event) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}

impl Heard {
    fn progress(&self) -> Vec<Arc<Progress>> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let progress = events.iter().filter_map(|event| match event {
            Event::Progress(progress) => Some(progress.clone()),
            _ => None,
        });
        progress.collect()
    }

    fn states(&self) -> Vec<PipelineState> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let states = events.iter().filter_map(|event| match event {
            Event::State { state, .. } => Some(state.clone()),
            _ => None,
        });
        states.collect()
    }
}

/// A pipeline of doubles.
struct Bench {
    checkpoint: MemoryCheckpoint,
    rows: RecorderStore,
    letters: RecorderStore,
    heard: Arc<Heard>,
    stop: CancellationToken,
}

impl Bench {
    fn new() -> Self {
        Self::on(MemoryCheckpoint::default())
    }

    fn on(checkpoint: MemoryCheckpoint) -> Self {
        Self {
            checkpoint,
            rows: RecorderStore::default(),
            letters: RecorderStore::default(),
            heard: Arc::default(),
            stop: CancellationToken::new(),
        }
    }

    fn pipeline(
        &self,
        settings: Settings,
        source: impl Source + 'static,
        sink: impl Sink + 'static,
    ) -> Pipeline {
        Pipeline {
            settings,
            inputs: vec![InputParts {
                name: "numbers".into(),
                source: Box::new(source),
                limits: Limits::default(),
            }],
            transform: None,
            outputs: vec![OutputParts {
                name: "out".into(),
                sink: Box::new(sink),
                retry: RetryPolicy::default(),
            }],
            dead_letters: OutputParts {
                name: "dead-letters".into(),
                sink: Box::new(Recorder::settling(&self.letters, 1)),
                retry: RetryPolicy::default(),
            },
            checkpoint: Box::new(self.checkpoint.clone()),
            tuning: None,
            window: Window::default(),
            budget: Budget::new(64 << 20),
            clock: PausedClock::shared(),
            listener: self.heard.clone(),
        }
    }

    async fn run(&self, pipeline: Pipeline) -> Result<Ended, PipelineError> {
        pipeline.run(self.stop.clone()).await
    }

    /// The numbers that readers of the destination see, sorted.
    fn numbers(&self) -> Vec<u64> {
        let mut numbers = self.numbers_in_order();
        numbers.sort_unstable();
        numbers
    }

    fn numbers_in_order(&self) -> Vec<u64> {
        self.rows.visible().iter().flat_map(as_numbers).collect()
    }

    /// The column of the dead letters as texts.
    fn letters(&self, column: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for batch in self.letters.visible() {
            let column = batch.column_by_name(column).expect("a column of dead letters");
            for row in 0..batch.num_rows() {
                texts.push(match column.as_binary_opt::<i32>() {
                    Some(bytes) => String::from_utf8_lossy(bytes.value(row)).into_owned(),
                    None if column.is_null(row) => "null".into(),
                    None => column.as_string::<i32>().value(row).to_owned(),
                });
            }
        }
        texts
    }
}

fn settings() -> Settings {
    Settings { max_rate: Some(200.0), ..Settings::new("test") }
}

fn numbers(per_split: &[u64]) -> Numbers {
    Numbers::new("numbers", per_split)
}

/// The first column as numbers.
fn as_numbers(columns: &arrow::array::RecordBatch) -> Vec<u64> {
    columns.column(0).as_primitive::<UInt64Type>().values().to_vec()
}
