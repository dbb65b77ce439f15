//! What is written is, byte for byte, what the driver writes for the same value.

mod mismatches;
mod nested;
mod properties;
mod scalars;

use arrow::array::ArrayRef;
use scylla_cql_core::frame::response::result::{CollectionType, ColumnType, NativeType};
use scylla_cql_core::serialize::value::SerializeValue;
use scylla_cql_core::serialize::writers::CellWriter;
use scylla_cql_core::value::CqlValue;

use super::column::NULL;
use super::{Bad, Column};
use crate::settings::BlobText;

fn native(native: NativeType) -> ColumnType<'static> {
    ColumnType::Native(native)
}

fn list(of: ColumnType<'static>) -> ColumnType<'static> {
    ColumnType::Collection { frozen: false, typ: CollectionType::List(Box::new(of)) }
}

/// A row's value with its length, as we write it.
fn written(typ: &ColumnType<'_>, array: &ArrayRef, row: usize) -> Result<Vec<u8>, Bad> {
    let mut out = Vec::new();
    let column = Column::new(typ, array, BlobText::Base64).unwrap();
    column.write(row, NULL, &mut out).map(|()| out)
}

/// A value with its length, as the driver writes it.
fn expected(typ: &ColumnType<'_>, value: &CqlValue) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = value.serialize(typ, CellWriter::new(&mut out)).unwrap();
    out
}

/// Holds the rows of a column against values.
fn same(typ: &ColumnType<'_>, array: ArrayRef, values: &[CqlValue]) {
    assert_eq!(array.len(), values.len());
    for (row, value) in values.iter().enumerate() {
        let ours = written(typ, &array, row).unwrap();
        assert_eq!(ours, expected(typ, value), "{value:?} from {}", array.data_type());
    }
}

/// The first row has no place in the column.
fn refused(typ: &ColumnType<'_>, array: ArrayRef, word: &str) {
    let bad = written(typ, &array, 0).unwrap_err().to_string();
    assert!(bad.contains(word), "{bad}");
}
