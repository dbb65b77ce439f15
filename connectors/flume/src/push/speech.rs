//! The protocol of a connection, without the connection.

use std::sync::Arc;

use arrow::array::BinaryArray;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::rpc::{Frame, FrameError, Frames, framed};
use crate::thrift::{self, ThriftCall, ThriftError};

use super::known::Known;
use super::responder::{self, BrokenCall, Call, Responder};

/// What agents speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Speaks {
    /// Either of the two, as each connection begins.
    #[default]
    Auto,
    /// What sinks of type `avro` speak.
    Avro,
    /// What sinks of type `thrift` speak, compact or binary.
    Thrift,
}

/// The protocol of one connection, and how far it has come.
#[derive(Debug)]
pub(crate) enum Speech {
    /// Not known yet: what has come so far.
    Begun(Vec<u8>, usize, Arc<Known>),
    /// Avro's.
    Avro(Frames, Responder),
    /// Thrift's.
    Thrift(thrift::Frames),
}

/// One message of either.
#[derive(Debug)]
pub(crate) enum Message {
    Avro(Frame),
    Thrift(Vec<u8>),
}

/// What a message asks for.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Nothing but this answer.
    Answered(Vec<u8>),
    /// The same, because it cannot be done, for this reason.
    Refused(Vec<u8>, String),
    /// To take events.
    Take(BinaryArray, Answer),
}

/// An answer that is not decided yet.
#[derive(Debug)]
pub(crate) enum Answer {
    Avro(u32, responder::Reply),
    Thrift(thrift::Reply),
}

/// Why a message cannot even be refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum SpeechError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Avro(#[from] BrokenCall),
    #[error("its message is broken: {0}")]
    Thrift(#[from] ThriftError),
}

/// After so many bytes the two can be told apart: one of Avro has the number of its buffers there,
/// which is not so large, and one of Thrift begins.
const TELLING_BYTES: usize = 5;

impl Speech {
    /// Messages may have `max` bytes.
    pub(crate) fn new(speaks: Speaks, max: usize, known: Arc<Known>) -> Self {
        match speaks {
            Speaks::Auto => Self::Begun(Vec::new(), max, known),
            Speaks::Avro => Self::Avro(Frames::new(max), Responder::new(known)),
            Speaks::Thrift => Self::Thrift(thrift::Frames::new(max)),
        }
    }

    /// Whether no message has begun that is not whole.
    pub(crate) fn is_between(&self) -> bool {
        match self {
            Self::Begun(bytes, ..) => bytes.is_empty(),
            Self::Avro(frames, _) => frames.is_between(),
            Self::Thrift(frames) => frames.is_between(),
        }
    }

    /// Bytes of memory that the message takes so far.
    pub(crate) fn held(&self) -> usize {
        match self {
            Self::Begun(..) => 0,
            Self::Avro(frames, _) => frames.held(),
            Self::Thrift(frames) => frames.held(),
        }
    }

    /// Takes from the front of `input` up to the end of a message, or all of it.
    pub(crate) fn push(&mut self, input: &mut &[u8]) -> Result<Option<Message>, SpeechError> {
        if let Self::Begun(begun, max, known) = self {
            let missing = TELLING_BYTES.saturating_sub(begun.len()).min(input.len());
            let (more, rest) = input.split_at(missing);
            begun.extend_from_slice(more);
            *input = rest;
            let Some(byte) = begun.get(TELLING_BYTES - 1) else { return Ok(None) };
            let speaks = if thrift::is_begin(*byte) { Speaks::Thrift } else { Speaks::Avro };
            let begun = std::mem::take(begun);
            *self = Self::new(speaks, *max, Arc::clone(known));
            let found = self.push(&mut begun.as_slice())?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(match self {
            Self::Begun(..) => None,
            Self::Avro(frames, _) => frames.push(input)?.map(Message::Avro),
            Self::Thrift(frames) => frames.push(input)?.map(Message::Thrift),
        })
    }

    /// Looks at a message.
    pub(crate) fn call(&mut self, message: Message) -> Result<Asked, SpeechError> {
        Ok(match (self, message) {
            (Self::Avro(_, responder), Message::Avro(Frame { serial, message })) => {
                match responder.call(message)? {
                    Call::Answered(answer) => Asked::Answered(framed(serial, &answer)),
                    Call::Refused(answer, why) => Asked::Refused(framed(serial, &answer), why),
                    Call::Take(events, reply) => Asked::Take(events, Answer::Avro(serial, reply)),
                }
            }
            (_, Message::Avro(_)) => return Err(ThriftError::Version.into()),
            (_, Message::Thrift(message)) => match thrift::call(&message)? {
                ThriftCall::Refused(reply, why) => Asked::Refused(reply.error(&why), why),
                ThriftCall::Take(events, reply) => Asked::Take(events, Answer::Thrift(reply)),
            },
        })
    }
}

impl Message {
    /// Bytes of memory that it takes.
    pub(crate) fn held(&self) -> usize {
        match self {
            Self::Avro(frame) => frame.message.capacity(),
            Self::Thrift(message) => message.capacity(),
        }
    }
}

impl Answer {
    /// The events are kept.
    pub(crate) fn ok(self) -> Vec<u8> {
        match self {
            Self::Avro(serial, reply) => framed(serial, &reply.ok()),
            Self::Thrift(reply) => reply.ok(),
        }
    }

    /// The events are not kept, and should be sent again.
    pub(crate) fn failed(self) -> Vec<u8> {
        match self {
            Self::Avro(serial, reply) => framed(serial, &reply.failed()),
            Self::Thrift(reply) => reply.failed(),
        }
    }

    /// The events cannot be taken, for a reason that the agent logs.
    pub(crate) fn error(self, text: &str) -> Vec<u8> {
        match self {
            Self::Avro(serial, reply) => framed(serial, &reply.error(text)),
            Self::Thrift(reply) => reply.error(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;

    use super::*;

    fn speech(speaks: Speaks) -> Speech {
        Speech::new(speaks, 1000, Arc::default())
    }

    #[test]
    fn the_two_are_told_apart_in_pieces_of_any_size() {
        let thrift = b"\0\0\0\x17\x82\x21\x01\x0bappendBatch\x19\x1c\x1b\0\x18\0\0\0";
        let avro = b"\0\0\0\x01\0\0\0\x01\0\0\0\x03abc";
        for (bytes, is_thrift) in [(&thrift[..], true), (&avro[..], false)] {
            for step in 1..=bytes.len() {
                let (mut speech, mut found) = (speech(Speaks::Auto), Vec::new());
                assert!(speech.is_between());
                for mut piece in bytes.chunks(step) {
                    while let Some(message) = speech.push(&mut piece).unwrap() {
                        found.push(message);
                    }
                }
                assert_eq!(found.len(), 1, "in steps of {step}");
                assert_eq!(matches!(found[0], Message::Thrift(_)), is_thrift);
                assert!(speech.is_between());
            }
        }
        let mut speech = speech(Speaks::Auto);
        let message = speech.push(&mut &thrift[..]).unwrap().unwrap();
        let Asked::Take(events, answer) = speech.call(message).unwrap() else { panic!("refused") };
        assert_eq!((events.len(), answer.ok()[4]), (1, 0x82));
    }

    #[test]
    fn whoever_speaks_the_other_is_refused() {
        let compact = &mut &b"\0\0\0\x06\x82\x21\x01\x02hi\0\0"[..];
        assert!(matches!(
            speech(Speaks::Avro).push(compact),
            Err(SpeechError::Frame(FrameError::Buffers(_)))
        ));
        let mut thrift = speech(Speaks::Thrift);
        let message = thrift.push(&mut &b"\0\0\0\x01\0\0\0\x01"[..]).unwrap().unwrap();
        assert!(matches!(thrift.call(message), Err(SpeechError::Thrift(ThriftError::Version))));
        // A message too short to be one.
        let mut short = speech(Speaks::Auto);
        let message = short.push(&mut &b"\0\0\0\x01\x82"[..]).unwrap().unwrap();
        assert!(short.call(message).is_err());
    }
}
