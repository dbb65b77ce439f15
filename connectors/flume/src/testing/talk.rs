//! One connection of an agent, without the connection.

use std::sync::Arc;

use arrow::array::BinaryArray;

use crate::push::{Asked, Speaks, Speech};
use crate::wire::Cursor;

/// One connection of an agent, without the connection: what it sends, and what it is answered.
#[derive(Debug)]
pub struct Talk(Speech);

/// One message of an agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// The events in it, if there are some to take.
    pub events: Option<BinaryArray>,
    /// The answer; if there are events, that they are kept.
    pub answer: Vec<u8>,
}

impl Talk {
    /// Messages may have `max` bytes.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self(Speech::new(Speaks::Auto, max, Arc::default()))
    }

    /// Takes from the front of `input` up to the end of a message, or all of it.
    ///
    /// # Errors
    /// Why the connection would be closed.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Turn>, String> {
        let message = self.0.push(input).map_err(|error| error.to_string())?;
        let Some(message) = message else { return Ok(None) };
        let asked = self.0.call(message).map_err(|error| error.to_string())?;
        Ok(Some(match asked {
            Asked::Answered(answer) | Asked::Refused(answer, _) => Turn { events: None, answer },
            Asked::Take(events, answer) => Turn { events: Some(events), answer: answer.ok() },
        }))
    }
}

/// The headers and the body of an [event](super::event).
///
/// # Errors
/// It is none.
pub fn parts(event: &[u8]) -> Result<(Vec<super::Pair<'_>>, &[u8]), String> {
    let mut headers = Vec::new();
    let mut cursor = Cursor::new(event);
    let body = crate::event::read(&mut cursor, |name, value| headers.push((name, value)))
        .and_then(|body| cursor.end().map(|()| body))
        .map_err(|error| error.to_string())?;
    Ok((headers, body))
}
