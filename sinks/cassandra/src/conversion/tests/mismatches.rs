//! Types that do not fit are found without a value, and named.

use std::sync::Arc;

use arrow::array::new_empty_array;
use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use scylla_cql_core::frame::response::result::{ColumnType, NativeType};

use super::super::Column;
use super::{list, native};
use crate::settings::BlobText;

fn mismatch(typ: &ColumnType<'_>, arrow: &DataType) -> String {
    match Column::new(typ, &new_empty_array(arrow), BlobText::Base64) {
        Ok(_) => format!("{arrow} fits"),
        Err(mismatch) => mismatch.to_string(),
    }
}

#[test]
fn both_types_and_the_place_are_named() {
    let time = DataType::Timestamp(TimeUnit::Millisecond, None);
    let text = mismatch(&native(NativeType::BigInt), &time);
    assert!(
        text.starts_with("Timestamp(ms) cannot be written as bigint, which takes whole"),
        "{text}"
    );
    let floats = DataType::List(Arc::new(Field::new("item", DataType::Boolean, true)));
    let text = mismatch(&list(native(NativeType::Int)), &floats);
    assert!(text.starts_with("in an element: Boolean cannot be written as int"), "{text}");
}

#[test]
fn nothing_is_converted_by_guess() {
    for (typ, arrow) in [
        (NativeType::Text, DataType::Int32),
        (NativeType::Text, DataType::Struct(Fields::empty())),
        (NativeType::Int, DataType::Boolean),
        (NativeType::Double, DataType::Decimal128(10, 2)),
        (NativeType::Decimal, DataType::Float64),
        (NativeType::Varint, DataType::Float64),
        (NativeType::Varint, DataType::Decimal128(10, 2)),
        (NativeType::Uuid, DataType::Binary),
        (NativeType::Uuid, DataType::FixedSizeBinary(15)),
        (NativeType::Inet, DataType::UInt32),
        (NativeType::Date, DataType::Int32),
        (NativeType::Time, DataType::Int64),
        (NativeType::Duration, DataType::Int64),
        (NativeType::Blob, DataType::Int64),
        (NativeType::Boolean, DataType::Float64),
    ] {
        let text = mismatch(&native(typ), &arrow);
        assert!(text.contains("cannot be written as"), "{text}");
    }
    let vector = ColumnType::Vector { typ: Box::new(native(NativeType::Float)), dimensions: 3 };
    let two = DataType::FixedSizeList(Arc::new(Field::new("item", DataType::Float32, true)), 2);
    assert!(mismatch(&vector, &two).contains("lists of 3 elements"));
    let tuple = ColumnType::Tuple(vec![native(NativeType::Int)]);
    assert!(mismatch(&tuple, &DataType::Struct(Fields::empty())).contains("structs of 1 fields"));
}
