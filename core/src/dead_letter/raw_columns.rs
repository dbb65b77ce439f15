//! What a dead letter keeps of the raw columns beside the record's bytes.
//!
//! It is a JSON object, one entry for each column by its name, in
//! [Arrow's JSON form](https://docs.rs/arrow-json): numbers, texts and truths as they are, bytes as
//! hexadecimal digits, times as RFC 3339, lists and structs as arrays and objects, maps as objects,
//! null as null. So a record's key, headers or path can be read by a person, and given back to its
//! decoder when the letter is replayed.

use arrow::array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields, Schema};
use arrow::error::ArrowError;
use arrow::json::ReaderBuilder;
use arrow::json::writer::{EncoderOptions, make_encoder};

/// The zone of all times in the text. Arrow knows offsets without a table of all zones, but no
/// names.
const ZONE: &str = "+00:00";

/// The columns of one row but for the one with its bytes; `None` if there is no other. What has no
/// JSON form is left out.
pub(crate) fn to_text(records: &RecordBatch, row: usize, bytes: usize) -> Option<String> {
    let options = EncoderOptions::default().with_explicit_nulls(true);
    let schema = records.schema_ref();
    let mut text = Vec::new();
    for (index, field) in schema.fields().iter().enumerate() {
        if index == bytes || row >= records.num_rows() {
            continue;
        }
        let begin = text.len();
        text.push(if begin == 0 { b'{' } else { b',' });
        let written = serde_json::to_writer(&mut text, field.name()).is_ok() && {
            text.push(b':');
            let cell = records.column(index).slice(row, 1);
            write_cell(&cell, field, &options, &mut text).is_ok()
        };
        if !written {
            text.truncate(begin);
        }
    }
    if text.is_empty() {
        return None;
    }
    text.push(b'}');
    String::from_utf8(text).ok()
}

fn write_cell(
    cell: &ArrayRef,
    field: &Field,
    options: &EncoderOptions,
    text: &mut Vec<u8>,
) -> Result<(), ArrowError> {
    let kind = plain(field.data_type());
    let cell = cast(cell, &kind)?;
    let field = Field::new(field.name(), kind, true).into();
    let mut encoder = make_encoder(&field, &cell, options)?;
    match encoder.is_null(0) {
        true => text.extend_from_slice(b"null"),
        false => encoder.encode(0, text),
    }
    Ok(())
}

/// The columns of some rows from their texts, in the order of `fields` and of their types. A cell
/// whose text does not know its column is null, also where the field cannot be; so is a column that
/// has no JSON form.
///
/// # Errors
/// If a text is no JSON object, or a value does not fit the type of its column.
pub fn from_text(fields: &Fields, texts: &[Option<&str>]) -> Result<Vec<ArrayRef>, ArrowError> {
    let readable: Vec<Option<Field>> = fields
        .iter()
        .map(|field| {
            let plain = Field::new(field.name(), plain(field.data_type()), true);
            let alone = Schema::new(vec![plain.clone()]);
            ReaderBuilder::new(alone.into()).build_decoder().is_ok().then_some(plain)
        })
        .collect();
    let schema = Schema::new(readable.iter().flatten().cloned().collect::<Fields>());
    let mut known = read(schema, texts)?.into_iter();
    let column = |(field, readable): (&std::sync::Arc<Field>, &Option<Field>)| {
        let found = readable.as_ref().and_then(|_| known.next());
        match found {
            Some(column) => cast(&column, field.data_type()),
            None => Ok(new_null_array(field.data_type(), texts.len())),
        }
    };
    fields.iter().zip(&readable).map(column).collect()
}

fn read(schema: Schema, texts: &[Option<&str>]) -> Result<Vec<ArrayRef>, ArrowError> {
    if texts.is_empty() || schema.fields().is_empty() {
        return Ok(schema.fields().iter().map(|f| new_null_array(f.data_type(), 0)).collect());
    }
    let mut decoder =
        ReaderBuilder::new(schema.into()).with_batch_size(texts.len()).build_decoder()?;
    let misfit = |text: &str| ArrowError::JsonError(format!("`{text}` is no JSON object"));
    for (count, text) in texts.iter().map(|text| text.unwrap_or("{}")).enumerate() {
        let taken = decoder.decode(text.as_bytes())?;
        if taken < text.len() || decoder.has_partial_record() || decoder.len() != count + 1 {
            return Err(misfit(text));
        }
    }
    let rows = decoder.flush()?;
    Ok(rows.map(|rows| rows.columns().to_vec()).unwrap_or_default())
}

/// The type as which a column is written and read.
fn plain(kind: &DataType) -> DataType {
    match kind {
        DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, Some(ZONE.into())),
        DataType::Dictionary(_, values) => plain(values),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        BinaryArray, BinaryBuilder, DictionaryArray, Int32Array, Int64Array, ListBuilder,
        MapBuilder, StringBuilder, StructBuilder, TimestampMillisecondArray, UInt64Array,
    };
    use arrow::datatypes::Int32Type;

    use super::*;

    /// The columns of a broker's records and of a receiver's.
    fn records() -> RecordBatch {
        let header = Fields::from(vec![
            Field::new("key", DataType::Utf8, false),
            Field::new("value", DataType::Binary, true),
        ]);
        let fields = StructBuilder::from_fields(header, 0);
        let mut headers = ListBuilder::new(fields);
        let put = |headers: &mut ListBuilder<StructBuilder>, pairs: &[(&str, Option<&[u8]>)]| {
            for (key, value) in pairs {
                let one = headers.values();
                one.field_builder::<StringBuilder>(0).expect("keys").append_value(key);
                one.field_builder::<BinaryBuilder>(1).expect("values").append_option(*value);
                one.append(true);
            }
            headers.append(true);
        };
        put(&mut headers, &[("trace", Some(&[0xff, 0])), ("empty", None), ("trace", Some(b""))]);
        put(&mut headers, &[]);
        let mut attributes = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        attributes.keys().append_value("path");
        attributes.values().append_value("/a \"b\"\n");
        attributes.keys().append_value("nothing");
        attributes.values().append_null();
        attributes.append(true).expect("a map");
        attributes.append(true).expect("a map");
        let times = TimestampMillisecondArray::from(vec![Some(1_767_225_600_123), None]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("key", Arc::new(BinaryArray::from(vec![Some(&b"k\xfe"[..]), None]))),
            ("value", Arc::new(BinaryArray::from(vec![Some(&b"v"[..]), Some(b"w")]))),
            ("topic", Arc::new(DictionaryArray::<Int32Type>::from_iter(["orders", "trades"]))),
            ("partition", Arc::new(Int32Array::from(vec![3, i32::MIN]))),
            ("offset", Arc::new(Int64Array::from(vec![i64::MAX, 0]))),
            ("seq", Arc::new(UInt64Array::from(vec![u64::MAX, 1]))),
            ("timestamp", Arc::new(times.with_timezone("UTC"))),
            ("headers", Arc::new(headers.finish())),
            ("attributes", Arc::new(attributes.finish())),
        ];
        RecordBatch::try_from_iter(columns).expect("columns")
    }

    fn texts(records: &RecordBatch) -> Vec<String> {
        (0..records.num_rows()).map(|row| to_text(records, row, 1).expect("a text")).collect()
    }

    #[test]
    fn what_is_read_back_is_what_was_there() {
        let records = records();
        let texts = texts(&records);
        let found = from_text(
            records.schema_ref().fields(),
            &texts.iter().map(|text| Some(text.as_str())).collect::<Vec<_>>(),
        )
        .expect("read back");
        for (index, field) in records.schema_ref().fields().iter().enumerate() {
            match field.name().as_str() {
                "value" => assert_eq!(found[index].null_count(), 2),
                name => assert_eq!(&found[index], records.column(index), "{name}"),
            }
        }
    }

    #[test]
    fn the_form_is_kept() {
        let expected = [
            "{\"key\":\"6bfe\",\"topic\":\"orders\",\"partition\":3,\
             \"offset\":9223372036854775807,\"seq\":18446744073709551615,\
             \"timestamp\":\"2026-01-01T00:00:00.123Z\",\"headers\":[{\"key\":\"trace\",\
             \"value\":\"ff00\"},{\"key\":\"empty\",\"value\":null},{\"key\":\"trace\",\
             \"value\":\"\"}],\"attributes\":{\"path\":\"/a \\\"b\\\"\\n\",\"nothing\":null}}",
            "{\"key\":null,\"topic\":\"trades\",\"partition\":-2147483648,\"offset\":0,\"seq\":1,\
             \"timestamp\":null,\"headers\":[],\"attributes\":{}}",
        ];
        assert_eq!(texts(&records()), expected);
        let alone = records().project(&[1]).expect("a column");
        assert_eq!(to_text(&alone, 0, 0), None);
    }

    #[test]
    fn letters_without_columns_and_columns_without_letters_are_null() {
        let fields = records().schema_ref().fields().clone();
        let found = from_text(&fields, &[None, Some("{\"partition\":7,\"other\":{\"a\":[1]}}")]);
        for (column, field) in found.expect("read").iter().zip(&fields) {
            let nulls = if field.name() == "partition" { 1 } else { 2 };
            assert_eq!((column.len(), column.logical_null_count()), (2, nulls), "{field}");
        }
        assert!(from_text(&fields, &[]).expect("read").iter().all(|column| column.is_empty()));
    }

    #[test]
    fn what_is_no_object_or_of_another_type_is_an_error() {
        let fields = records().schema_ref().fields().clone();
        for text in ["", "{", "{}{}", "{}{", "7", "[]", "{\"partition\":\"x\"}", "{\"key\":\"zz\"}"]
        {
            assert!(from_text(&fields, &[Some(text), None]).is_err(), "{text}");
            assert!(from_text(&fields, &[Some(text)]).is_err(), "{text}");
        }
    }
}
