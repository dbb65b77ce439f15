//! Walks the path of a batch.
