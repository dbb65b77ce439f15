//! What is parsed of outside bytes, without a connection.

use arrow::array::BinaryArray;
use arrow::buffer::Buffer;

use crate::pull::Batch;
use crate::rpc::{Answer, Outcome, Protocol, Requestor};

use super::talk::{Talk, Turn};

/// The text of our protocol for pushing, for streams that are made up.
pub const PUSH_PROTOCOL: &str = Protocol::AVRO_SOURCE.text;

/// Serves the stream of an agent's connection, which comes in pieces of `step` bytes. No message may
/// have more than `max`.
///
/// # Errors
/// Why the connection would be closed.
pub fn serve(mut stream: &[u8], step: usize, max: usize) -> Result<Vec<Turn>, String> {
    let (mut talk, mut turns) = (Talk::new(max), Vec::new());
    while !stream.is_empty() {
        let (mut piece, rest) = stream.split_at(step.clamp(1, stream.len()));
        stream = rest;
        while let Some(turn) = talk.next(&mut piece)? {
            turns.push(turn);
        }
    }
    Ok(turns)
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
