//! Any value: what the driver reads is what was there.

use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::IntervalMonthDayNano;
use bytes::Bytes;
use proptest::prelude::*;
use scylla_cql_core::deserialize::FrameSlice;
use scylla_cql_core::deserialize::value::DeserializeValue;
use scylla_cql_core::frame::response::result::{ColumnType, NativeType};
use scylla_cql_core::value::CqlValue;

use super::{native, written};

/// What the driver reads of the only row.
fn read(typ: &ColumnType<'static>, array: ArrayRef) -> CqlValue {
    let bytes = Bytes::from(written(typ, &array, 0).unwrap()).slice(4..);
    CqlValue::deserialize(typ, Some(FrameSlice::new(&bytes))).unwrap()
}

/// A number from two's complement.
fn number(bytes: &[u8]) -> i128 {
    let sign = if bytes[0] & 0x80 == 0 { 0 } else { 0xff };
    let mut wide = [sign; 16];
    wide[16 - bytes.len()..].copy_from_slice(bytes);
    i128::from_be_bytes(wide)
}

proptest! {
    #[test]
    fn numbers_of_any_length(value: i128) {
        let typ = native(NativeType::Varint);
        let text: ArrayRef = Arc::new(StringArray::from(vec![value.to_string()]));
        let CqlValue::Varint(varint) = read(&typ, text) else { panic!("no varint") };
        let bytes = varint.as_signed_bytes_be_slice();
        prop_assert_eq!(number(bytes), value);
        // No shorter form means the same.
        prop_assert!(bytes.len() == 1 || number(&bytes[1..]) != value);
    }

    #[test]
    fn decimals(value: i128, places in 0_u32..30) {
        let digits = value.unsigned_abs().to_string();
        let digits = format!("{digits:0>width$}", width = places as usize + 1);
        let (before, after) = digits.split_at(digits.len() - places as usize);
        let sign = if value < 0 { "-" } else { "" };
        let text: ArrayRef = Arc::new(StringArray::from(vec![format!("{sign}{before}.{after}")]));
        let CqlValue::Decimal(decimal) = read(&native(NativeType::Decimal), text) else {
            panic!("no decimal")
        };
        let (bytes, scale) = decimal.as_signed_be_bytes_slice_and_exponent();
        prop_assert_eq!((number(bytes), scale), (value, places as i32));
    }

    #[test]
    fn durations(months in 0..=i32::MAX, days in 0..=i32::MAX, nanos in 0..=i64::MAX, negative: bool) {
        let sign = if negative { -1 } else { 1 };
        let interval = IntervalMonthDayNano::new(months * sign, days * sign, nanos * i64::from(sign));
        let array: ArrayRef = Arc::new(IntervalMonthDayNanoArray::from(vec![interval]));
        let CqlValue::Duration(read) = read(&native(NativeType::Duration), array) else {
            panic!("no duration")
        };
        prop_assert_eq!(
            (read.months, read.days, read.nanoseconds),
            (interval.months, interval.days, interval.nanoseconds)
        );
    }

    // The driver does not read an empty text at the end of a vector.
    #[test]
    fn vectors_of_texts(texts in prop::collection::vec(".{1,200}", 1..20)) {
        let typ = ColumnType::Vector {
            typ: Box::new(native(NativeType::Text)),
            dimensions: u16::try_from(texts.len()).unwrap(),
        };
        let mut builder = ListBuilder::new(StringBuilder::new());
        builder.append_value(texts.iter().map(Some));
        let values = texts.into_iter().map(CqlValue::Text).collect();
        prop_assert_eq!(read(&typ, Arc::new(builder.finish())), CqlValue::Vector(values));
    }

    #[test]
    fn no_text_is_more_than_an_error(text in ".{0,40}") {
        let array: ArrayRef = Arc::new(StringArray::from(vec![text]));
        for typ in [
            NativeType::Ascii, NativeType::Blob, NativeType::Boolean, NativeType::Int,
            NativeType::Varint, NativeType::Decimal, NativeType::Float, NativeType::Double,
            NativeType::Timestamp, NativeType::Date, NativeType::Time, NativeType::Duration,
            NativeType::Uuid, NativeType::Timeuuid, NativeType::Inet,
        ] {
            let _ = written(&native(typ), &array, 0);
        }
    }

    #[test]
    fn text_that_looks_like_a_number_is_read_as_one(text in "[-+]?[0-9]{0,4}[.]?[0-9]{0,4}(e-?[0-9]{1,3})?") {
        let array: ArrayRef = Arc::new(StringArray::from(vec![text.clone()]));
        let is_number = text.parse::<f64>().is_ok();
        prop_assert_eq!(written(&native(NativeType::Decimal), &array, 0).is_ok(), is_number);
    }
}
