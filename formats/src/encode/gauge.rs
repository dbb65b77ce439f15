//! How much went through, and what stopped it.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::EncodeError;

/// What is known of an output that a writer of some library owns.
#[derive(Clone, Default)]
pub(super) struct Gauge(Arc<Seen>);

#[derive(Default)]
struct Seen {
    bytes: AtomicU64,
    failure: OnceLock<(io::ErrorKind, String)>,
}

impl Gauge {
    /// Bytes that the output took.
    pub(super) fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// What an error of a library means: libraries wrap errors of their output in ways of their
    /// own, so the output itself remembers whether it failed.
    pub(super) fn explain(&self, error: impl std::fmt::Display) -> EncodeError {
        match self.0.failure.get() {
            Some((kind, text)) => EncodeError::Io(io::Error::new(*kind, text.clone())),
            None => EncodeError::Value(error.to_string()),
        }
    }
}

/// An output with a gauge.
pub(super) struct Gauged {
    out: Box<dyn Write + Send>,
    gauge: Gauge,
}

impl Gauged {
    pub(super) fn new(out: Box<dyn Write + Send>) -> (Self, Gauge) {
        let gauge = Gauge::default();
        (Self { out, gauge: gauge.clone() }, gauge)
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result
            && error.kind() != io::ErrorKind::Interrupted
        {
            self.gauge.0.failure.get_or_init(|| (error.kind(), error.to_string()));
        }
        result
    }
}

impl Write for Gauged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.out.write(bytes);
        let taken = self.note(result)?;
        self.gauge.0.bytes.fetch_add(taken as u64, Ordering::Relaxed);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.out.flush();
        self.note(result)
    }
}
