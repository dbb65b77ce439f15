//! Scalar types.

use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::{Int32Type, IntervalDayTime, IntervalMonthDayNano, i256};
use scylla_cql_core::frame::response::result::NativeType;
use scylla_cql_core::value::{
    CqlDate, CqlDecimal, CqlDuration, CqlTime, CqlTimestamp, CqlTimeuuid, CqlValue, CqlVarint,
};

use super::{native, refused, same, written};

fn text(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

#[test]
fn text_and_blobs() {
    let words = ["", "a", "żółć"].map(|it| CqlValue::Text(it.to_owned()));
    let typ = native(NativeType::Text);
    same(&typ, text(&["", "a", "żółć"]), &words);
    same(&typ, Arc::new(LargeStringArray::from_iter_values(["", "a", "żółć"])), &words);
    same(&typ, Arc::new(StringViewArray::from_iter_values(["", "a", "żółć"])), &words);
    same(&typ, Arc::new(BinaryArray::from_iter_values(["", "a", "żółć"])), &words);
    let dictionary: DictionaryArray<Int32Type> = ["a", "a"].into_iter().collect();
    same(&typ, Arc::new(dictionary), &[words[1].clone(), words[1].clone()]);
    refused(&typ, Arc::new(BinaryArray::from_iter_values([[0xff_u8]])), "not UTF-8");
    refused(&native(NativeType::Ascii), text(&["ż"]), "not ASCII");

    let typ = native(NativeType::Blob);
    let blobs = [CqlValue::Blob(vec![]), CqlValue::Blob(vec![0, 255])];
    same(&typ, Arc::new(BinaryArray::from_iter_values([vec![], vec![0, 255_u8]])), &blobs);
    same(&typ, text(&["", "AP8="]), &blobs);
    refused(&typ, text(&["*"]), "not base64");
}

#[test]
fn booleans_and_whole_numbers() {
    let typ = native(NativeType::Boolean);
    let flags = [CqlValue::Boolean(true), CqlValue::Boolean(false)];
    same(&typ, Arc::new(BooleanArray::from(vec![true, false])), &flags);
    same(&typ, text(&["true", "0"]), &flags);
    same(&typ, Arc::new(Int8Array::from(vec![1, 0])), &flags);
    refused(&typ, text(&["yes"]), "neither");
    refused(&typ, Arc::new(Int8Array::from(vec![2])), "neither");

    same(
        &native(NativeType::TinyInt),
        Arc::new(Int64Array::from(vec![-128, 127])),
        &[CqlValue::TinyInt(-128), CqlValue::TinyInt(127)],
    );
    same(
        &native(NativeType::SmallInt),
        text(&["-32768", "32767"]),
        &[CqlValue::SmallInt(i16::MIN), CqlValue::SmallInt(i16::MAX)],
    );
    same(
        &native(NativeType::Int),
        Arc::new(Float64Array::from(vec![-1.0, 2_147_483_647.0])),
        &[CqlValue::Int(-1), CqlValue::Int(i32::MAX)],
    );
    same(
        &native(NativeType::BigInt),
        Arc::new(UInt64Array::from(vec![0, i64::MAX.unsigned_abs()])),
        &[CqlValue::BigInt(0), CqlValue::BigInt(i64::MAX)],
    );
    refused(&native(NativeType::TinyInt), Arc::new(Int16Array::from(vec![128])), "range");
    refused(&native(NativeType::SmallInt), Arc::new(Int32Array::from(vec![32_768])), "range");
    refused(&native(NativeType::Int), Arc::new(Int64Array::from(vec![1 << 31])), "range");
    refused(&native(NativeType::BigInt), Arc::new(UInt64Array::from(vec![1 << 63])), "range");
    refused(&native(NativeType::Int), Arc::new(Float64Array::from(vec![0.5])), "whole number");
    refused(&native(NativeType::Int), text(&["1.5"]), "whole number");
}

#[test]
fn numbers_with_a_point() {
    let typ = native(NativeType::Double);
    same(&typ, Arc::new(Float64Array::from(vec![-0.0])), &[CqlValue::Double(-0.0)]);
    same(&typ, Arc::new(Float32Array::from(vec![0.5])), &[CqlValue::Double(0.5)]);
    same(
        &typ,
        Arc::new(Int64Array::from(vec![1 << 53])),
        &[CqlValue::Double(9.007_199_254_740_992e15)],
    );
    same(&typ, text(&["1e300"]), &[CqlValue::Double(1e300)]);
    refused(&typ, Arc::new(Int64Array::from(vec![(1 << 53) + 1])), "exactly");
    let typ = native(NativeType::Float);
    same(&typ, Arc::new(Float32Array::from(vec![0.1])), &[CqlValue::Float(0.1)]);
    same(&typ, Arc::new(Float64Array::from(vec![0.1])), &[CqlValue::Float(0.1)]);
    same(&typ, Arc::new(Int32Array::from(vec![7])), &[CqlValue::Float(7.0)]);
    same(&typ, text(&["0.1"]), &[CqlValue::Float(0.1)]);
    refused(&typ, Arc::new(Float64Array::from(vec![1e39])), "range");
    refused(&typ, Arc::new(Int32Array::from(vec![(1 << 24) + 1])), "exactly");
    refused(&typ, text(&["x"]), "no number");
}

#[test]
fn numbers_of_any_length() {
    let typ = native(NativeType::Varint);
    let varint = |bytes: &[u8]| CqlValue::Varint(CqlVarint::from_signed_bytes_be_slice(bytes));
    let values = [varint(&[0]), varint(&[0x00, 0x80]), varint(&[0x80]), varint(&[0xff])];
    same(&typ, Arc::new(Int64Array::from(vec![0, 128, -128, -1])), &values);
    same(&typ, text(&["+0", "128", "-128", "-1"]), &values);
    let wide = Decimal256Array::from(vec![i256::from_i128(128)]);
    same(&typ, Arc::new(wide.with_precision_and_scale(76, 0).unwrap()), &values[1..2]);
    refused(&typ, text(&["1.0"]), "whole number");
    refused(&typ, text(&[&"9".repeat(10_001)]), "10000 digits");

    let typ = native(NativeType::Decimal);
    let decimal = |digits: &[u8], scale| {
        CqlValue::Decimal(CqlDecimal::from_signed_be_bytes_slice_and_exponent(digits, scale))
    };
    let of = |value: i128| {
        Arc::new(Decimal128Array::from(vec![value]).with_precision_and_scale(20, 2).unwrap())
    };
    same(&typ, of(-1), &[decimal(&[0xff], 2)]);
    same(&typ, Arc::new(Int32Array::from(vec![300])), &[decimal(&[0x01, 0x2c], 0)]);
    let texts = text(&["1.50", "-1.50", "15e-1", "1E3", ".5", "5."]);
    let values = [
        decimal(&[0x00, 0x96], 2),
        decimal(&[0xff, 0x6a], 2),
        decimal(&[15], 1),
        decimal(&[1], -3),
        decimal(&[5], 1),
        decimal(&[5], 0),
    ];
    same(&typ, texts, &values);
    for wrong in ["", ".", "1e", "NaN", "1.2.3", "--1", "1e99999999999"] {
        refused(&typ, text(&[wrong]), "no decimal number");
    }
}

#[test]
fn times() {
    let typ = native(NativeType::Timestamp);
    let values = [CqlValue::Timestamp(CqlTimestamp(-1)), CqlValue::Timestamp(CqlTimestamp(1_000))];
    same(&typ, Arc::new(TimestampMicrosecondArray::from(vec![-1, 1_000_999])), &values);
    same(&typ, Arc::new(TimestampNanosecondArray::from(vec![-1, 1_000_000_000])), &values);
    same(&typ, Arc::new(TimestampSecondArray::from(vec![1])), &values[1..]);
    same(&typ, Arc::new(Int64Array::from(vec![-1, 1_000])), &values);
    let texts = ["1970-01-01T00:00:01Z", "1970-01-01T02:00:01+02:00", "1970-01-01 00:00:01"];
    for written in texts {
        same(&typ, text(&[written]), &values[1..]);
    }
    let day = CqlValue::Timestamp(CqlTimestamp(86_400_000));
    same(&typ, Arc::new(Date32Array::from(vec![1])), &[day]);
    refused(&typ, Arc::new(TimestampSecondArray::from(vec![i64::MAX])), "range");
    refused(&typ, text(&["tomorrow"]), "no time");

    let typ = native(NativeType::Date);
    let days =
        [CqlValue::Date(CqlDate((1 << 31) - 1)), CqlValue::Date(CqlDate((1 << 31) + 19_874))];
    same(&typ, Arc::new(Date32Array::from(vec![-1, 19_874])), &days);
    same(&typ, text(&["1969-12-31", "2024-05-31"]), &days);
    same(&typ, Arc::new(TimestampMillisecondArray::from(vec![-1])), &days[..1]);
    refused(&typ, text(&["2024-02-30"]), "no date");

    let typ = native(NativeType::Time);
    let value = [CqlValue::Time(CqlTime(3_600_500_000_000))];
    same(&typ, Arc::new(Time64MicrosecondArray::from(vec![3_600_500_000])), &value);
    same(&typ, Arc::new(Time64NanosecondArray::from(vec![3_600_500_000_000])), &value);
    same(&typ, Arc::new(Time32MillisecondArray::from(vec![3_600_500])), &value);
    same(&typ, text(&["01:00:00.5"]), &value);
    refused(&typ, Arc::new(Time32SecondArray::from(vec![86_400])), "one day");

    let typ = native(NativeType::Duration);
    let value =
        |months, days, nanoseconds| [CqlValue::Duration(CqlDuration { months, days, nanoseconds })];
    let interval = IntervalMonthDayNano::new(-1, -2, -3);
    same(&typ, Arc::new(IntervalMonthDayNanoArray::from(vec![interval])), &value(-1, -2, -3));
    let interval = IntervalDayTime::new(1, 2);
    same(&typ, Arc::new(IntervalDayTimeArray::from(vec![interval])), &value(0, 1, 2_000_000));
    same(&typ, Arc::new(IntervalYearMonthArray::from(vec![14])), &value(14, 0, 0));
    same(&typ, Arc::new(DurationSecondArray::from(vec![2])), &value(0, 0, 2_000_000_000));
    same(&typ, text(&["12h30m"]), &value(0, 0, 45_000_000_000_000));
    same(&typ, text(&["P1Y2M3W4DT5S"]), &value(14, 25, 5_000_000_000));
    let mixed = IntervalMonthDayNano::new(1, -1, 0);
    refused(&typ, Arc::new(IntervalMonthDayNanoArray::from(vec![mixed])), "mixes signs");
}

#[test]
fn identifiers() {
    let uuid = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
    let bytes = [
        0xf4, 0x7a, 0xc1, 0x0b, 0x58, 0xcc, 0x43, 0x72, 0xa5, 0x67, 0x0e, 0x02, 0xb2, 0xc3, 0xd4,
        0x79,
    ];
    let mut content = vec![0, 0, 0, 16];
    content.extend_from_slice(&bytes);
    let typ = native(NativeType::Uuid);
    for written_as in [uuid, &uuid.replace('-', ""), &format!("{{{uuid}}}"), &uuid.to_uppercase()] {
        assert_eq!(written(&typ, &text(&[written_as]), 0).unwrap(), content, "{written_as}");
    }
    let fixed = FixedSizeBinaryArray::try_from_iter([bytes].into_iter()).unwrap();
    assert_eq!(written(&typ, &(Arc::new(fixed) as ArrayRef), 0).unwrap(), content);
    for wrong in ["", "f47ac10b", &uuid.replace('f', "g"), &uuid.replace('-', "_")] {
        refused(&typ, text(&[wrong]), "no UUID");
    }
    let typ = native(NativeType::Timeuuid);
    refused(&typ, text(&[uuid]), "version 1");
    let timeuuid = "50554d6e-29bb-11e5-b345-feff819cdc9f";
    let value: CqlTimeuuid = timeuuid.parse().unwrap();
    same(&typ, text(&[timeuuid]), &[CqlValue::Timeuuid(value)]);

    let typ = native(NativeType::Inet);
    let values = ["127.0.0.1", "::1"].map(|it| CqlValue::Inet(it.parse().unwrap()));
    same(&typ, text(&["127.0.0.1", "::1"]), &values);
    let fixed = FixedSizeBinaryArray::try_from_iter([[127_u8, 0, 0, 1]].into_iter()).unwrap();
    same(&typ, Arc::new(fixed), &values[..1]);
    refused(&typ, text(&["localhost"]), "no IP address");
}
