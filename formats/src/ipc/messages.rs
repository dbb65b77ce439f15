//! A stream divided into messages.

use arrow::buffer::{Buffer, MutableBuffer};
use arrow_ipc::root_as_message;

/// What stands before the metadata: the marker of a continuation, and the length of the metadata.
const PREFIX: usize = 8;
/// The marker, as
/// [the format](https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format) has
/// it since version 0.15.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// The most metadata of a message, in bytes: it tells the columns, not their values.
const MOST_METADATA: usize = 4 << 20;

/// Divides a stream into messages, and refuses one that is too large before it is gathered.
#[derive(Debug)]
pub(super) struct Messages {
    /// The largest body, in bytes.
    max: usize,
    gathered: MutableBuffer,
    /// How many bytes have to be there before the next step.
    wanted: usize,
    step: Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Prefix,
    Metadata,
    Body,
}

/// What was divided off.
#[derive(Debug)]
pub(super) enum Message {
    /// One message, with what stands before it.
    Whole(Buffer),
    /// The mark at the end of a stream. Another stream may follow.
    End(Buffer),
}

impl Messages {
    /// Takes messages with a body of at most `max` bytes.
    pub(super) fn new(max: usize) -> Self {
        Self { max, gathered: MutableBuffer::new(0), wanted: PREFIX, step: Step::Prefix }
    }

    /// How much of an unfinished message is there.
    pub(super) fn unfinished(&self) -> &[u8] {
        self.gathered.as_slice()
    }

    /// Takes of the input what belongs to the next message, and answers it when it is whole.
    ///
    /// # Errors
    /// What follows cannot be told any more, and why.
    pub(super) fn next(&mut self, input: &mut &[u8]) -> Result<Option<Message>, String> {
        loop {
            let missing = self.wanted - self.gathered.len();
            let (now, later) = input.split_at(missing.min(input.len()));
            self.gathered.extend_from_slice(now);
            *input = later;
            if self.gathered.len() < self.wanted {
                return Ok(None);
            }
            match self.step {
                Step::Prefix => match self.metadata()? {
                    0 => return Ok(Some(Message::End(self.take()))),
                    metadata => {
                        self.wanted += metadata;
                        self.step = Step::Metadata;
                    }
                },
                Step::Metadata => {
                    self.wanted += self.body()?;
                    self.step = Step::Body;
                }
                Step::Body => return Ok(Some(Message::Whole(self.take()))),
            }
        }
    }

    fn take(&mut self) -> Buffer {
        (self.wanted, self.step) = (PREFIX, Step::Prefix);
        std::mem::replace(&mut self.gathered, MutableBuffer::new(0)).into()
    }

    /// How long the metadata is, as the prefix says.
    fn metadata(&self) -> Result<usize, String> {
        let prefix = self.gathered.as_slice();
        let length = match prefix.split_first_chunk::<4>() {
            Some((&CONTINUATION, length)) => length,
            _ => return Err("is no Arrow IPC stream, or one from before version 0.15".to_owned()),
        };
        let length = length.first_chunk().map_or(0, |length| u32::from_le_bytes(*length));
        usize::try_from(length)
            .ok()
            .filter(|length| *length <= MOST_METADATA)
            .ok_or_else(|| format!("announces {length} bytes of metadata, more than 4 MiB"))
    }

    /// How long the body is, as the metadata says.
    fn body(&self) -> Result<usize, String> {
        let metadata = self.gathered.as_slice().get(PREFIX..).unwrap_or_default();
        let message = root_as_message(metadata)
            .map_err(|error| format!("has a message that cannot be read: {error}"))?;
        let length = message.bodyLength();
        usize::try_from(length).ok().filter(|length| *length <= self.max).ok_or_else(|| {
            format!("announces a batch of {length} bytes, and `max_frame` is {}", self.max)
        })
    }
}
