//! Why no schema can be told.

use thiserror::Error;

use crate::container::ContainerError;
use crate::schema::NoType;

/// Why no schema can be told.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InferError {
    /// The sample holds no record that is whole.
    #[error("the sample has no whole record to infer a schema from")]
    Empty,
    /// A record of the sample is not of the format.
    #[error("record {number} of the sample is broken: {what}")]
    Record {
        /// Its number, from 1.
        number: usize,
        /// What is wrong.
        what: String,
    },
    /// The format has no schema.
    #[error("format `{0}` has no schema to infer")]
    NoSchema(crate::Format),
    /// A column of the file is of a type that a schema cannot name.
    #[error(transparent)]
    Type(#[from] NoType),
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] ContainerError),
}
