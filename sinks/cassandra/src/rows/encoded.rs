//! The values of many rows in one buffer.

/// The values of many rows, each as it stands in a request.
#[derive(Debug, Default)]
pub struct Encoded {
    /// The rows.
    pub rows: Vec<Row>,
    /// Their values, one row after the other.
    pub bytes: Vec<u8>,
}

/// Where a row's values stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number in the batch, over all chunks.
    pub number: u32,
    /// Which statement writes it.
    pub statement: u32,
    /// Whether it has to be sent alone.
    pub alone: bool,
    /// Where its values begin.
    pub start: u32,
    /// How many bytes they are.
    pub len: u32,
    /// Where its partition key begins.
    pub key_start: u32,
    /// How many bytes that is.
    pub key_len: u32,
}

impl Encoded {
    /// A row's values.
    #[must_use]
    pub fn values(&self, row: &Row) -> &[u8] {
        &self.bytes[row.start as usize..][..row.len as usize]
    }

    /// A row's partition key.
    #[must_use]
    pub fn key(&self, row: &Row) -> &[u8] {
        &self.bytes[row.key_start as usize..][..row.key_len as usize]
    }
}
