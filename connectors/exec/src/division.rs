//! What a program writes, divided into records.

use forebay_formats::framing::{Framing as Marks, Splitter};
use forebay_formats::ipc::{ArrowRows, Taken};

use crate::config::{ExecConfig, Framing};

/// At how many bytes no more is read before what is there is stored.
const CHUNK_BYTES: usize = 1 << 20;

/// Divides what a program writes.
#[derive(Debug)]
pub(crate) enum Division {
    /// Lines, or frames: then what follows one that is too long cannot be told.
    Marks(Splitter, Marks),
    /// Rows of Arrow's batches.
    Rows(Box<ArrowRows>),
}

impl Division {
    /// Records of at most `max` bytes.
    pub(crate) fn new(config: &ExecConfig, max: usize) -> Self {
        let frame = usize::try_from(config.max_frame().0).unwrap_or(usize::MAX);
        let marks = match config.framing {
            Framing::Lines => Marks::Newline,
            Framing::LengthPrefixed => Marks::Length,
            Framing::Arrow => {
                let schema = config.decoding.schema.clone().unwrap_or_default();
                return Self::Rows(Box::new(ArrowRows::new(&schema, frame, max)));
            }
        };
        Self::Marks(Splitter::new(marks, frame.min(max)), marks)
    }

    /// Takes what was read.
    ///
    /// # Errors
    /// What follows cannot be told any more, and why.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), String> {
        match self {
            Self::Marks(splitter, marks) => {
                // Fewer than 2 GiB are waiting, so they are taken.
                let _ = splitter.push(bytes);
                if *marks == Marks::Length && splitter.give_up_oversize() {
                    return Err("announces a frame of more than max_frame".to_owned());
                }
                Ok(())
            }
            Self::Rows(rows) => rows.push(bytes),
        }
    }

    /// The program ended well: what stands behind the last line feed is a record.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub(crate) fn finish(&mut self) -> Result<(), String> {
        match self {
            Self::Marks(splitter, _) => splitter.finish(),
            Self::Rows(rows) => return rows.finish(),
        }
        Ok(())
    }

    /// The program broke off: what is not whole is refused.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub(crate) fn abandon(&mut self) -> Result<(), String> {
        match self {
            Self::Marks(splitter, _) => splitter.abandon(),
            Self::Rows(rows) => return rows.finish(),
        }
        Ok(())
    }

    /// Whether there is nothing to take.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Marks(splitter, _) => splitter.is_empty(),
            Self::Rows(rows) => rows.is_empty(),
        }
    }

    /// Whether there is so much to take that no more is read before.
    pub(crate) fn is_due(&self) -> bool {
        match self {
            Self::Marks(splitter, _) => splitter.finished_bytes() + splitter.len() >= CHUNK_BYTES,
            Self::Rows(rows) => !rows.is_empty(),
        }
    }

    /// Records that are whole, and what is refused: all of it, or of rows the next ones.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub(crate) fn take(&mut self) -> Result<Taken, String> {
        match self {
            Self::Marks(splitter, _) => {
                let framed = splitter.take();
                let refused = framed.refused.into_iter().map(|one| (one.bytes, one.reason));
                Ok(Taken { values: framed.values, refused: refused.collect() })
            }
            Self::Rows(rows) => rows.take(),
        }
    }
}
