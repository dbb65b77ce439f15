//! Messages on a stream, each behind its length: 32 bits, the highest byte first.

use crate::rpc::FrameError;

/// Cuts messages out of a stream that comes in pieces of any size.
#[derive(Debug)]
pub(crate) struct Frames {
    max: usize,
    message: Vec<u8>,
    length: u32,
    digits: u32,
}

impl Frames {
    /// Messages of at most `max` bytes.
    pub(crate) fn new(max: usize) -> Self {
        Self { max, message: Vec::new(), length: 0, digits: 0 }
    }

    /// Whether no message has begun that is not whole.
    pub(crate) fn is_between(&self) -> bool {
        self.digits == 0
    }

    /// Bytes of memory that the message takes so far.
    pub(crate) fn held(&self) -> usize {
        self.message.capacity()
    }

    /// Takes from the front of `input` up to the end of a message, or all of it.
    ///
    /// # Errors
    /// The message is too large. Nothing can be read after that.
    pub(crate) fn push(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, FrameError> {
        while self.digits < 4 {
            let Some((byte, rest)) = input.split_first() else { return Ok(None) };
            *input = rest;
            self.length = self.length << 8 | u32::from(*byte);
            self.digits += 1;
        }
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        if length > self.max {
            return Err(FrameError::TooLarge(self.max));
        }
        let (now, rest) = input.split_at((length - self.message.len()).min(input.len()));
        self.message.extend_from_slice(now);
        *input = rest;
        if self.message.len() < length {
            return Ok(None);
        }
        (self.length, self.digits) = (0, 0);
        Ok(Some(std::mem::take(&mut self.message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_the_same_in_pieces_of_any_size() {
        let bytes = b"\0\0\0\x03abc\0\0\0\0\0\0\0\x01d";
        for step in 1..bytes.len() {
            let (mut frames, mut found) = (Frames::new(3), Vec::new());
            for mut piece in bytes.chunks(step) {
                while let Some(message) = frames.push(&mut piece).unwrap() {
                    found.push(message);
                }
            }
            assert_eq!(found, [&b"abc"[..], b"", b"d"], "in steps of {step}");
            assert!(frames.is_between());
        }
        let mut frames = Frames::new(3);
        assert_eq!(frames.push(&mut &b"\0\0\0\x04"[..]), Err(FrameError::TooLarge(3)));
    }
}
