//! Looking at a running component from outside.

/// State of a running component, to look at from outside.
pub trait Observe: Send + Sync {
    /// The state as it stands now, bounded in size.
    fn observe(&self) -> serde_json::Value;
}
