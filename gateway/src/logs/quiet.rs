//! Lines that say what was just said are counted, and the next one that is written says how many.

use std::cell::Cell;
use std::fmt::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use forebay_core::flood::Flood;
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::counts::Counts;
use crate::config::LogFormat;

thread_local! {
    /// How many lines like the one that this thread is about to write were held back before it.
    static HELD_BACK: Cell<u64> = const { Cell::new(0) };
}

/// Counts lines, and holds back warnings and errors that differ from one of the last half minute
/// in numbers alone.
#[derive(Debug)]
pub(super) struct Quiet {
    flood: Mutex<Flood>,
    counts: &'static Counts,
    now: fn() -> Instant,
}

impl Quiet {
    pub(super) fn new(counts: &'static Counts, now: fn() -> Instant) -> Self {
        Self { flood: Mutex::default(), counts, now }
    }
}

impl<S: Subscriber> Layer<S> for Quiet {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let level = *event.metadata().level();
        self.counts.add(level);
        HELD_BACK.set(0);
        if level > Level::WARN {
            return true;
        }
        let mut said = Said(event.metadata().target().to_owned());
        event.record(&mut said);
        let mut flood = self.flood.lock().unwrap_or_else(PoisonError::into_inner);
        match flood.admit(&said.0, (self.now)()) {
            Some(held_back) => {
                HELD_BACK.set(held_back);
                true
            }
            None => {
                self.counts.hold_back();
                false
            }
        }
    }
}

/// Everything that a line says, as one text.
struct Said(String);

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a text cannot fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

/// Writes a line, and before it how many like it were held back.
pub(super) struct Counting<F> {
    pub(super) inner: F,
    pub(super) format: LogFormat,
}

impl<S, N, F> FormatEvent<S, N> for Counting<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let held_back = HELD_BACK.take();
        if held_back > 0 {
            let message = "lines like the next were held back";
            match self.format {
                LogFormat::Text => writeln!(writer, "    {held_back} {message}")?,
                LogFormat::Json => {
                    let level = event.metadata().level().as_str();
                    let line = json!({ "level": level, "message": message, "lines": held_back });
                    writeln!(writer, "{line}")?;
                }
            }
        }
        self.inner.format_event(context, writer, event)
    }
}
