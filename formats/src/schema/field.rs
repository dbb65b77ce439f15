//! One field of a schema.

use super::Type;

/// A name, its type, and whether it may be absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// The name.
    pub name: String,
    /// The type.
    pub kind: Type,
    /// Whether a record may leave it out or say null.
    pub nullable: bool,
}

impl FieldSpec {
    /// A field that may be null.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: Type) -> Self {
        Self { name: name.into(), kind, nullable: true }
    }

    /// The same field, never null.
    #[must_use]
    pub fn required(self) -> Self {
        Self { nullable: false, ..self }
    }
}
