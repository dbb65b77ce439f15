//! Takes batches, and stops when nobody reads any more.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use forebay_core::sink::{SinkError, Written};
use forebay_core::{Batch, Sink};
use forebay_formats::encode::json_lines;

use crate::component::{ConsoleFormat, ConsoleOptions};
use crate::table;

/// The sink `console`.
pub(crate) struct ConsoleSink {
    style: Style,
    out: Arc<Mutex<Box<dyn Write + Send>>>,
}

/// How much is printed, and how.
#[derive(Clone, Copy)]
struct Style {
    format: ConsoleFormat,
    limit: usize,
}

impl ConsoleSink {
    pub(crate) fn new(options: &ConsoleOptions, out: Box<dyn Write + Send>) -> Self {
        let style = Style { format: options.format, limit: options.limit() };
        Self { style, out: Arc::new(Mutex::new(out)) }
    }
}

impl Style {
    /// What is to be printed of a batch.
    fn text(self, batch: &Batch) -> Result<Vec<u8>, arrow::error::ArrowError> {
        let mut text = Vec::new();
        let mut left = self.limit;
        for chunk in &batch.chunks {
            let rows = chunk.columns.slice(0, chunk.columns.num_rows().min(left));
            left -= rows.num_rows();
            match self.format {
                _ if rows.num_rows() == 0 => {}
                ConsoleFormat::Json => text.extend(json_lines(&rows)?),
                ConsoleFormat::Table => text.extend(table::aligned(&rows)?.into_bytes()),
            }
        }
        if self.format == ConsoleFormat::Table {
            let all = batch.num_rows();
            let printed = self.limit.min(all);
            let head = match all - printed {
                0 => format!("batch {}: {all} rows\n", batch.id),
                more => format!("batch {}: {all} rows, {more} of them not shown\n", batch.id),
            };
            text.splice(0..0, head.into_bytes());
        }
        Ok(text)
    }
}

#[async_trait]
impl Sink for ConsoleSink {
    async fn connect(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, SinkError> {
        let (style, batch, out) = (self.style, batch.clone(), Arc::clone(&self.out));
        // A reader that does not read blocks the writer: not one of the runtime's threads.
        let printed = tokio::task::spawn_blocking(move || -> io::Result<_> {
            let text = match style.text(&batch) {
                Ok(text) => text,
                Err(error) => return Ok(Err(error)),
            };
            let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
            out.write_all(&text)?;
            out.flush()?;
            Ok(Ok(()))
        });
        match printed.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(Ok(())) => Ok(Written::all()),
            Ok(Err(error)) => Err(SinkError::Fatal(format!(
                "these columns cannot be printed: {error}; choose others in the pipeline's sql"
            ))),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(SinkError::Fatal(
                "nobody reads standard output any more: the program behind the pipe has ended"
                    .to_owned(),
            )),
            Err(error) if error.kind() == ErrorKind::StorageFull => Err(SinkError::Transient(
                "cannot write to standard output: the disk that it goes to is full, make room on it"
                    .to_owned(),
            )),
            Err(error) => {
                Err(SinkError::Fatal(format!("cannot write to standard output: {error}")))
            }
        }
    }
}

#[cfg(test)]
mod tests;
