//! What is parsed of outside bytes, without a connection.

use std::sync::Arc;

use arrow::array::BinaryArray;
use arrow::buffer::Buffer;

use crate::pull::Batch;
use crate::push::{Asked, Speaks, Speech};
use crate::rpc::{Answer, Outcome, Protocol, Requestor};

/// The text of our protocol for pushing, for streams that are made up.
pub const PUSH_PROTOCOL: &str = Protocol::AVRO_SOURCE.text;

/// What the stream of a connection comes to: the events of all batches in it, and the answers.
pub type Served = (Vec<BinaryArray>, Vec<Vec<u8>>);

/// Serves the stream of a connection, which comes in pieces of `step` bytes. No message may have
/// more than `max`.
///
/// # Errors
/// Why the connection would be closed.
pub fn serve(mut stream: &[u8], step: usize, max: usize) -> Result<Served, String> {
    let mut speech = Speech::new(Speaks::Auto, max, Arc::default());
    let (mut batches, mut answers) = (Vec::new(), Vec::new());
    while !stream.is_empty() {
        let (mut piece, rest) = stream.split_at(step.clamp(1, stream.len()));
        stream = rest;
        while let Some(message) = speech.push(&mut piece).map_err(|error| error.to_string())? {
            answers.push(match speech.call(message).map_err(|error| error.to_string())? {
                Asked::Answered(answer) | Asked::Refused(answer, _) => answer,
                Asked::Take(events, answer) => {
                    batches.push(events);
                    answer.ok()
                }
            });
        }
    }
    Ok((batches, answers))
}

/// The events in what a sink answers to a first poll.
///
/// # Errors
/// Why there are none.
pub fn batch_of(answer: &[u8]) -> Result<BinaryArray, String> {
    let mut requestor = Requestor::new(Protocol::SPARK_FLUME);
    match requestor.answer(answer).map_err(|error| error.to_string())? {
        Answer::Again => Err("it wants to know our protocol".to_owned()),
        Answer::Error(text) => Err(text),
        Answer::Result(at) => {
            let outcome = Outcome { message: Buffer::from(answer), at };
            Batch::read(&outcome).map(|batch| batch.events)
        }
    }
}
