//! `vector<T, n>`: the elements one after the other. Those of a type without a fixed size have
//! their length before them, as an unsigned vint.

use arrow::array::ArrayRef;
use scylla_cql_core::frame::response::result::ColumnType;

use super::column::{Column, Encode};
use super::nested::Lists;
use super::{Bad, Mismatch, vint};
use crate::settings::BlobText;

/// Looks at a column of lists as a vector.
///
/// # Errors
/// The types do not fit.
pub fn encode(
    typ: &ColumnType<'_>,
    element: &ColumnType<'_>,
    dimensions: usize,
    array: &ArrayRef,
    blob_text: BlobText,
) -> Result<Encode, Mismatch> {
    let takes = format!("lists of {dimensions} elements");
    let lists =
        Lists::of(array).ok_or_else(|| Mismatch::new(array.data_type(), typ, takes.clone()))?;
    if lists.fixed_len().is_some_and(|length| length != dimensions) {
        return Err(Mismatch::new(array.data_type(), typ, takes));
    }
    let column = Column::new(element, lists.values(), blob_text)
        .map_err(|error| error.within("an element"))?;
    let is_fixed = element.type_size_for_vector().is_some();
    Ok(Box::new(move |row, out| {
        let range = lists.range(row);
        if range.len() != dimensions {
            let text = format!("{} elements stand where {dimensions} must be", range.len());
            return Err(Bad::plain(&text));
        }
        let mut element = Vec::new();
        for index in range {
            if is_fixed {
                column.write_bare(index, out)?;
            } else {
                element.clear();
                column.write_bare(index, &mut element)?;
                vint::unsigned(element.len() as u64, out);
                out.extend_from_slice(&element);
            }
        }
        Ok(())
    }))
}
