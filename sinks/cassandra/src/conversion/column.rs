//! One Arrow column, seen as one CQL type.

use arrow::array::{Array, ArrayRef};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use scylla_cql_core::frame::response::result::ColumnType;

use super::{Bad, Mismatch, native, nested, vector};
use crate::settings::BlobText;

/// Writes the content of one row's value, which is not null.
pub type Encode = Box<dyn Fn(usize, &mut Vec<u8>) -> Result<(), Bad> + Send + Sync>;

/// The length that stands for null.
pub const NULL: [u8; 4] = (-1_i32).to_be_bytes();
/// The length that stands for a value which leaves what is stored as it is.
pub const UNSET: [u8; 4] = (-2_i32).to_be_bytes();

/// One Arrow column, ready to be written as one CQL type.
pub struct Column {
    nulls: Option<NullBuffer>,
    encode: Encode,
}

impl Column {
    /// Looks at a column as a CQL type. Only types are checked here: an empty column does as well.
    ///
    /// # Errors
    /// The types do not fit.
    pub fn new(
        typ: &ColumnType<'_>,
        array: &ArrayRef,
        blob_text: BlobText,
    ) -> Result<Self, Mismatch> {
        let array = unpacked(array);
        let encode = match typ {
            ColumnType::Native(native) => native::encode(typ, native, &array, blob_text)?,
            ColumnType::Vector { typ: of, dimensions } => {
                vector::encode(typ, of, usize::from(*dimensions), &array, blob_text)?
            }
            _ => nested::encode(typ, &array, blob_text)?,
        };
        Ok(Self { nulls: array.logical_nulls(), encode })
    }

    /// Whether a row has no value.
    #[must_use]
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// Writes a row's value with its length before it; a null as `null` says.
    ///
    /// # Errors
    /// The value has no place in its column. The buffer may then hold a part of it.
    pub fn write(&self, row: usize, null: [u8; 4], out: &mut Vec<u8>) -> Result<(), Bad> {
        if self.is_null(row) {
            out.extend_from_slice(&null);
            return Ok(());
        }
        let start = out.len();
        out.extend_from_slice(&NULL);
        (self.encode)(row, out)?;
        let length = i32::try_from(out.len() - start - NULL.len())
            .map_err(|_| Bad::plain("the value is longer than 2 GiB"))?;
        out[start..start + NULL.len()].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    /// Writes the content of a row's value, without its length.
    ///
    /// # Errors
    /// The value has no place in its column, or is null.
    pub fn write_bare(&self, row: usize, out: &mut Vec<u8>) -> Result<(), Bad> {
        if self.is_null(row) {
            return Err(Bad::plain("an element is null"));
        }
        (self.encode)(row, out)
    }
}

/// The array without a dictionary or run ends.
fn unpacked(array: &ArrayRef) -> ArrayRef {
    let plain = match array.data_type() {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        DataType::RunEndEncoded(_, values) => values.data_type().clone(),
        _ => return array.clone(),
    };
    // What cannot be unpacked is found not to fit by its type.
    cast(array, &plain).unwrap_or_else(|_| array.clone())
}
