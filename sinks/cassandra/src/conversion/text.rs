//! Text, and bytes that may be text.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, FixedSizeBinaryArray, LargeBinaryArray,
    LargeStringArray, StringArray, StringViewArray,
};
use arrow::datatypes::DataType;

/// A column of text.
#[derive(Clone, Debug)]
pub enum Texts {
    /// 32-bit offsets.
    Small(StringArray),
    /// 64-bit offsets.
    Large(LargeStringArray),
    /// Views.
    View(StringViewArray),
}

impl Texts {
    /// The column, if it is text.
    #[must_use]
    pub fn of(array: &ArrayRef) -> Option<Self> {
        Some(match array.data_type() {
            DataType::Utf8 => Self::Small(array.as_string::<i32>().clone()),
            DataType::LargeUtf8 => Self::Large(array.as_string::<i64>().clone()),
            DataType::Utf8View => Self::View(array.as_string_view().clone()),
            _ => return None,
        })
    }

    /// A row's text.
    #[must_use]
    pub fn value(&self, row: usize) -> &str {
        match self {
            Self::Small(array) => array.value(row),
            Self::Large(array) => array.value(row),
            Self::View(array) => array.value(row),
        }
    }
}

/// A column of bytes.
#[derive(Clone, Debug)]
pub enum Blobs {
    /// 32-bit offsets.
    Small(BinaryArray),
    /// 64-bit offsets.
    Large(LargeBinaryArray),
    /// Views.
    View(BinaryViewArray),
    /// All of one length.
    Fixed(FixedSizeBinaryArray),
}

impl Blobs {
    /// The column, if it is bytes.
    #[must_use]
    pub fn of(array: &ArrayRef) -> Option<Self> {
        Some(match array.data_type() {
            DataType::Binary => Self::Small(array.as_binary::<i32>().clone()),
            DataType::LargeBinary => Self::Large(array.as_binary::<i64>().clone()),
            DataType::BinaryView => Self::View(array.as_binary_view().clone()),
            DataType::FixedSizeBinary(_) => Self::Fixed(array.as_fixed_size_binary().clone()),
            _ => return None,
        })
    }

    /// A row's bytes.
    #[must_use]
    pub fn value(&self, row: usize) -> &[u8] {
        match self {
            Self::Small(array) => array.value(row),
            Self::Large(array) => array.value(row),
            Self::View(array) => array.value(row),
            Self::Fixed(array) => array.value(row),
        }
    }
}
