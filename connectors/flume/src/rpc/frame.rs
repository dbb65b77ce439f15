//! Messages on a stream: a serial number, the number of buffers, and each buffer behind its length.
//! All numbers have 32 bits, the highest byte first. Where one buffer ends and the next begins means
//! nothing.

use thiserror::Error;

/// The most buffers of a message. Java's client makes them of 8 KiB.
const MAX_BUFFERS: u32 = 1 << 20;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The number that the answer repeats.
    pub(crate) serial: u32,
    /// All buffers, one after the other.
    pub(crate) message: Vec<u8>,
}

/// Why a stream is no stream of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum FrameError {
    #[error("it sent a message of {0} buffers: it speaks another protocol than Avro's")]
    Buffers(u32),
    #[error("it sent a message of more than the {0} bytes that are taken; raise `max_frame`")]
    TooLarge(usize),
}

/// The bytes of one message, around it.
pub(crate) fn framed(serial: u32, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(12 + message.len());
    for number in [serial, 1, length] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.extend_from_slice(message);
    bytes
}

/// Cuts messages out of a stream that comes in pieces of any size.
#[derive(Debug)]
pub(crate) struct Frames {
    max: usize,
    serial: u32,
    message: Vec<u8>,
    expects: Expects,
    /// As much of a number as has come.
    number: u32,
    digits: u32,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expects {
    Serial,
    Buffers,
    /// The length of a buffer; so many are left, this one included.
    Length(u32),
    /// So many bytes of a buffer; so many buffers are left behind it.
    Bytes(usize, u32),
}

impl Frames {
    /// Messages of at most `max` bytes.
    pub(crate) fn new(max: usize) -> Self {
        Self { max, serial: 0, message: Vec::new(), expects: Expects::Serial, number: 0, digits: 0 }
    }

    /// Whether no message has begun that is not whole.
    pub(crate) fn is_between(&self) -> bool {
        self.expects == Expects::Serial && self.digits == 0
    }

    /// Bytes of memory that the message takes so far. It grows as bytes come, not as they are
    /// announced.
    pub(crate) fn held(&self) -> usize {
        self.message.capacity()
    }

    /// Takes from the front of `input` up to the end of a message, or all of it.
    ///
    /// # Errors
    /// It is no message, or too large a one. Nothing can be read after that.
    pub(crate) fn push(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, FrameError> {
        loop {
            if let Expects::Bytes(left, buffers) = self.expects {
                let (now, rest) = input.split_at(left.min(input.len()));
                self.message.extend_from_slice(now);
                *input = rest;
                if now.len() < left {
                    self.expects = Expects::Bytes(left - now.len(), buffers);
                    return Ok(None);
                }
                self.expects = Expects::Length(buffers);
            }
            if self.expects == Expects::Length(0) {
                self.expects = Expects::Serial;
                let message = std::mem::take(&mut self.message);
                return Ok(Some(Frame { serial: self.serial, message }));
            }
            let Some(number) = self.number(input) else { return Ok(None) };
            self.expects = match self.expects {
                Expects::Serial => {
                    self.serial = number;
                    Expects::Buffers
                }
                Expects::Buffers if (1..=MAX_BUFFERS).contains(&number) => Expects::Length(number),
                Expects::Buffers => return Err(FrameError::Buffers(number)),
                Expects::Length(buffers) => {
                    let length = usize::try_from(number).unwrap_or(usize::MAX);
                    if length > self.max - self.message.len() {
                        return Err(FrameError::TooLarge(self.max));
                    }
                    Expects::Bytes(length, buffers - 1)
                }
                Expects::Bytes(..) => self.expects,
            };
        }
    }

    /// The next number, once all of it has come.
    fn number(&mut self, input: &mut &[u8]) -> Option<u32> {
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            self.number = self.number << 8 | u32::from(*byte);
            self.digits += 1;
            if self.digits == 4 {
                self.digits = 0;
                return Some(std::mem::take(&mut self.number));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(frames: &mut Frames, mut bytes: &[u8], step: usize) -> Result<Vec<Frame>, FrameError> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let (mut piece, rest) = bytes.split_at(step.min(bytes.len()));
            while !piece.is_empty() {
                found.extend(frames.push(&mut piece)?);
            }
            bytes = rest;
        }
        Ok(found)
    }

    #[test]
    fn messages_are_the_same_in_pieces_of_any_size() {
        // Three buffers, one of them empty; then a message of one.
        let mut bytes = b"\0\0\0\x07\0\0\0\x03\0\0\0\x02ab\0\0\0\0\0\0\0\x01c".to_vec();
        bytes.extend(framed(8, b"de"));
        bytes.extend(framed(9, b""));
        let expected = [(7, &b"abc"[..]), (8, b"de"), (9, b"")]
            .map(|(serial, message)| Frame { serial, message: message.to_vec() });
        for step in 1..bytes.len() {
            let mut frames = Frames::new(3);
            assert_eq!(all(&mut frames, &bytes, step).unwrap(), expected, "in steps of {step}");
            assert!(frames.is_between());
        }
    }

    #[test]
    fn what_is_no_message_is_refused_at_once() {
        let refused = |bytes: &[u8]| all(&mut Frames::new(3), bytes, 100).unwrap_err();
        assert_eq!(refused(b"\0\0\0\x01\0\0\0\0"), FrameError::Buffers(0));
        assert_eq!(refused(b"\0\0\0\x01\xff\xff\xff\xff"), FrameError::Buffers(u32::MAX));
        assert_eq!(refused(b"GET / HTTP/1.1"), FrameError::Buffers(0x2f20_4854));
        assert_eq!(refused(b"\0\0\0\x01\0\0\0\x01\0\0\0\x04"), FrameError::TooLarge(3));
        assert_eq!(refused(b"\0\0\0\x01\0\0\0\x01\xff\xff\xff\xff"), FrameError::TooLarge(3));
        let two = b"\0\0\0\x01\0\0\0\x02\0\0\0\x02ab\0\0\0\x02";
        assert_eq!(refused(two), FrameError::TooLarge(3));
    }

    #[test]
    fn memory_is_taken_as_bytes_come() {
        let mut frames = Frames::new(1 << 30);
        all(&mut frames, b"\0\0\0\x01\0\0\0\x01\x3f\xff\xff\xffabc", 100).unwrap();
        assert!(!frames.is_between());
        assert!(frames.held() < 1000);
    }
}
