//! Handing rows to the driver.

use std::sync::Arc;

use scylla::errors::SerializationError;
use scylla_cql_core::serialize::batch::{BatchValues, BatchValuesIterator};
use scylla_cql_core::serialize::row::{RowSerializationContext, SerializeRow};
use scylla_cql_core::serialize::writers::RowWriter;
use thiserror::Error;

use super::encoded::Encoded;
use super::grouping::{Requests, Span};

/// Rows that are on their way, in a buffer that all requests share.
#[derive(Debug)]
pub struct Window {
    /// The rows.
    pub encoded: Encoded,
    /// The requests.
    pub requests: Requests,
}

/// The rows of one request.
#[derive(Clone, Debug)]
pub struct Sent {
    window: Arc<Window>,
    span: Span,
}

/// The values of a row do not fit the statement that was prepared for them.
#[derive(Debug, Error)]
#[error("a row has {has} values and its statement {wants}: the table has changed")]
struct Count {
    has: usize,
    wants: usize,
}

impl Sent {
    /// The rows of a request.
    #[must_use]
    pub fn new(window: Arc<Window>, span: Span) -> Self {
        Self { window, span }
    }

    /// The values of the request's row at a place.
    fn values(&self, place: u32) -> &[u8] {
        let index = self.window.requests.order[(self.span.start + place) as usize];
        let encoded = &self.window.encoded;
        encoded.values(&encoded.rows[index as usize])
    }
}

/// Writes values as they stand in a buffer.
fn write(
    mut values: &[u8],
    context: &RowSerializationContext<'_>,
    writer: &mut RowWriter<'_>,
) -> Result<(), SerializationError> {
    let mut has = 0;
    while let Some((length, rest)) = values.split_first_chunk::<4>() {
        let cell = writer.make_cell_writer();
        has += 1;
        values = rest;
        match i32::from_be_bytes(*length) {
            -1 => drop(cell.set_null()),
            length if length < 0 => drop(cell.set_unset()),
            length => {
                let (content, rest) = values.split_at(usize::try_from(length).unwrap_or(0));
                cell.set_value(content).map_err(SerializationError::new)?;
                values = rest;
            }
        }
    }
    let wants = context.columns().len();
    if has == wants { Ok(()) } else { Err(SerializationError::new(Count { has, wants })) }
}

impl SerializeRow for Sent {
    fn serialize(
        &self,
        context: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> Result<(), SerializationError> {
        write(self.values(0), context, writer)
    }

    fn is_empty(&self) -> bool {
        false
    }
}

impl BatchValues for Sent {
    type BatchValuesIter<'r>
        = Rest<'r>
    where
        Self: 'r;

    fn batch_values_iter(&self) -> Rest<'_> {
        Rest { sent: self, next: 0 }
    }
}

/// The rows of a request that are still to be written.
#[derive(Debug)]
pub struct Rest<'r> {
    sent: &'r Sent,
    next: u32,
}

impl<'r> BatchValuesIterator<'r> for Rest<'r> {
    fn serialize_next(
        &mut self,
        context: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> Option<Result<(), SerializationError>> {
        let place = self.next;
        self.skip_next()?;
        Some(write(self.sent.values(place), context, writer))
    }

    fn is_empty_next(&mut self) -> Option<bool> {
        self.skip_next().map(|()| false)
    }

    fn skip_next(&mut self) -> Option<()> {
        (self.next < self.sent.span.len).then(|| self.next += 1)
    }
}
