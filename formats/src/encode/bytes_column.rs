//! Columns whose values are bytes as they are.

use arrow::array::{
    Array, AsArray, BinaryArray, BinaryViewArray, FixedSizeBinaryArray, LargeBinaryArray,
    LargeStringArray, StringArray, StringViewArray,
};
use arrow::datatypes::DataType;

/// A column of bytes or text.
#[derive(Clone, Copy, Debug)]
pub enum BytesColumn<'a> {
    /// Bytes.
    Binary(&'a BinaryArray),
    /// Bytes with offsets of 64 bits.
    LargeBinary(&'a LargeBinaryArray),
    /// Bytes as views.
    BinaryView(&'a BinaryViewArray),
    /// Bytes of one length.
    Fixed(&'a FixedSizeBinaryArray),
    /// Text.
    Text(&'a StringArray),
    /// Text with offsets of 64 bits.
    LargeText(&'a LargeStringArray),
    /// Text as views.
    TextView(&'a StringViewArray),
}

impl<'a> BytesColumn<'a> {
    /// The column as such; `None` if it is something else.
    #[must_use]
    pub fn of(array: &'a dyn Array) -> Option<Self> {
        Some(match array.data_type() {
            DataType::Binary => Self::Binary(array.as_binary()),
            DataType::LargeBinary => Self::LargeBinary(array.as_binary()),
            DataType::BinaryView => Self::BinaryView(array.as_binary_view()),
            DataType::FixedSizeBinary(_) => Self::Fixed(array.as_fixed_size_binary()),
            DataType::Utf8 => Self::Text(array.as_string()),
            DataType::LargeUtf8 => Self::LargeText(array.as_string()),
            DataType::Utf8View => Self::TextView(array.as_string_view()),
            _ => return None,
        })
    }

    /// The bytes of a row; `None` for null.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&'a [u8]> {
        match self {
            Self::Binary(array) => array.is_valid(row).then(|| array.value(row)),
            Self::LargeBinary(array) => array.is_valid(row).then(|| array.value(row)),
            Self::BinaryView(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Fixed(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Text(array) => array.is_valid(row).then(|| array.value(row).as_bytes()),
            Self::LargeText(array) => array.is_valid(row).then(|| array.value(row).as_bytes()),
            Self::TextView(array) => array.is_valid(row).then(|| array.value(row).as_bytes()),
        }
    }
}
