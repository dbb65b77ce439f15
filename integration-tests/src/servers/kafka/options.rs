//! What a Kafka cluster is like.

/// What a Kafka cluster is like.
#[derive(Clone, Debug)]
pub struct Options {
    pub(super) nodes: u16,
    pub(super) heap_mib: u32,
    pub(super) properties: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self::one_node()
    }
}

impl Options {
    /// One server. It counts a client or itself as lost after 1.5 s, so that it is back 4 s after
    /// it was killed.
    #[must_use]
    pub fn one_node() -> Self {
        Self { nodes: 1, heap_mib: 256, properties: Vec::new() }
    }

    /// Three servers: each partition is on all of them, and two have to have a record before it is
    /// acknowledged.
    #[must_use]
    pub fn three_nodes() -> Self {
        Self { nodes: 3, ..Self::one_node() }
    }

    /// Sets a property of each server (<https://kafka.apache.org/documentation/#brokerconfigs>),
    /// also one that is set already.
    #[must_use]
    pub fn property(mut self, name: &str, value: &str) -> Self {
        self.properties.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Gives each server a heap of so many MiB, 256 by default.
    #[must_use]
    pub fn heap_mib(mut self, heap_mib: u32) -> Self {
        self.heap_mib = heap_mib;
        self
    }
}
