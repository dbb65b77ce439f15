//! Lists, sets, maps, tuples, user-defined types and vectors.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::{DataType, Field, Float32Type, Int32Type};
use scylla_cql_core::frame::response::result::{
    CollectionType, ColumnType, NativeType, UserDefinedType,
};
use scylla_cql_core::value::CqlValue;

use super::{list, native, refused, same, written};

fn ints(rows: Vec<Option<Vec<Option<i32>>>>) -> ArrayRef {
    Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(rows))
}

fn pair(first: ArrayRef, second: ArrayRef) -> StructArray {
    let field =
        |name: &str, array: &ArrayRef| Arc::new(Field::new(name, array.data_type().clone(), true));
    StructArray::from(vec![
        (field("a", &first), first.clone()),
        (field("B", &second), second.clone()),
    ])
}

fn some_pair() -> StructArray {
    pair(
        Arc::new(Int32Array::from(vec![Some(1), None])),
        Arc::new(StringArray::from(vec![Some("x"), Some("y")])),
    )
}

#[test]
fn lists_and_sets() {
    let values =
        [CqlValue::List(vec![CqlValue::BigInt(1), CqlValue::BigInt(2)]), CqlValue::List(vec![])];
    let rows = ints(vec![Some(vec![Some(1), Some(2)]), Some(vec![])]);
    same(&list(native(NativeType::BigInt)), rows, &values);
    let set = ColumnType::Collection {
        frozen: true,
        typ: CollectionType::Set(Box::new(native(NativeType::Text))),
    };
    let mut builder = LargeListBuilder::new(StringBuilder::new());
    builder.append_value([Some("a"), Some("b")]);
    let texts = ["a", "b"].map(|it| CqlValue::Text(it.to_owned()));
    same(&set, Arc::new(builder.finish()), &[CqlValue::Set(texts.to_vec())]);
    refused(&list(native(NativeType::Int)), ints(vec![Some(vec![None])]), "null");
    let nested = ints(vec![Some(vec![Some(300)])]);
    refused(&list(native(NativeType::TinyInt)), nested, "range");
    // A part of an array is written as what it is a part of.
    let sliced = ints(vec![Some(vec![Some(7)]), Some(vec![Some(1), Some(2)])]).slice(1, 1);
    same(&list(native(NativeType::BigInt)), sliced, &values[..1]);
    let null = written(&list(native(NativeType::Int)), &ints(vec![None]), 0).unwrap();
    assert_eq!(null, (-1_i32).to_be_bytes());
}

#[test]
fn maps() {
    let typ = ColumnType::Collection {
        frozen: false,
        typ: CollectionType::Map(
            Box::new(native(NativeType::Text)),
            Box::new(native(NativeType::Int)),
        ),
    };
    let mut builder = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    builder.keys().append_value("a");
    builder.values().append_value(1);
    builder.append(true).unwrap();
    builder.append(true).unwrap();
    let one = vec![(CqlValue::Text("a".to_owned()), CqlValue::Int(1))];
    let values = [CqlValue::Map(one), CqlValue::Map(vec![])];
    same(&typ, Arc::new(builder.finish()), &values);

    let entries = pair(Arc::new(StringArray::from(vec!["a"])), Arc::new(Int32Array::from(vec![1])));
    let field = Arc::new(Field::new("item", entries.data_type().clone(), true));
    let offsets = arrow::buffer::OffsetBuffer::from_lengths([1, 0]);
    same(&typ, Arc::new(ListArray::new(field, offsets, Arc::new(entries), None)), &values);

    let mut builder = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    builder.keys().append_value("a");
    builder.values().append_null();
    builder.append(true).unwrap();
    refused(&typ, Arc::new(builder.finish()), "a value is null");
}

#[test]
fn tuples_and_user_defined_types() {
    let tuple = ColumnType::Tuple(vec![native(NativeType::Int), native(NativeType::Text)]);
    let text = |text: &str| Some(CqlValue::Text(text.to_owned()));
    let values = [
        CqlValue::Tuple(vec![Some(CqlValue::Int(1)), text("x")]),
        CqlValue::Tuple(vec![None, text("y")]),
    ];
    same(&tuple, Arc::new(some_pair()), &values);

    let field = |name: &'static str, typ| (Cow::Borrowed(name), native(typ));
    let definition = |fields| ColumnType::UserDefinedType {
        frozen: true,
        definition: Arc::new(UserDefinedType {
            name: "t".into(),
            keyspace: "k".into(),
            field_types: fields,
        }),
    };
    // By name, exactly or in another case; a field that the struct lacks is null.
    let typ = definition(vec![
        field("b", NativeType::Text),
        field("more", NativeType::Int),
        field("a", NativeType::Int),
    ]);
    let udt = |a: Option<i32>, b: &str| CqlValue::UserDefinedType {
        keyspace: "k".to_owned(),
        name: "t".to_owned(),
        fields: vec![
            ("b".to_owned(), text(b)),
            ("more".to_owned(), None),
            ("a".to_owned(), a.map(CqlValue::Int)),
        ],
    };
    same(&typ, Arc::new(some_pair()), &[udt(Some(1), "x"), udt(None, "y")]);
    let sliced: ArrayRef = Arc::new(some_pair().slice(1, 1));
    same(&typ, sliced, &[udt(None, "y")]);
}

#[test]
fn vectors() {
    let vector = |typ, dimensions| ColumnType::Vector { typ: Box::new(native(typ)), dimensions };
    let rows = vec![Some(vec![Some(1.5_f32), Some(-2.0)])];
    let fixed = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(rows, 2);
    let value = [CqlValue::Vector(vec![CqlValue::Float(1.5), CqlValue::Float(-2.0)])];
    same(&vector(NativeType::Float, 2), Arc::new(fixed), &value);
    // The elements of these types have their lengths before them.
    for (typ, values) in [
        (NativeType::SmallInt, [1, 2].map(|it| CqlValue::SmallInt(it)).to_vec()),
        (NativeType::TinyInt, [1, 2].map(|it| CqlValue::TinyInt(it)).to_vec()),
        (NativeType::Int, [1, 2].map(|it| CqlValue::Int(it)).to_vec()),
    ] {
        let rows = ints(vec![Some(vec![Some(1), Some(2)])]);
        same(&vector(typ, 2), rows, &[CqlValue::Vector(values)]);
    }
    let mut builder = ListBuilder::new(StringBuilder::new());
    let long = "x".repeat(300);
    builder.append_value([Some("a"), Some(long.as_str())]);
    let texts = ["a", long.as_str()].map(|it| CqlValue::Text(it.to_owned()));
    same(
        &vector(NativeType::Text, 2),
        Arc::new(builder.finish()),
        &[CqlValue::Vector(texts.to_vec())],
    );
    refused(&vector(NativeType::Int, 2), ints(vec![Some(vec![Some(1)])]), "1 elements");
    refused(&vector(NativeType::Int, 1), ints(vec![Some(vec![None])]), "null");
}

#[test]
fn a_column_of_nulls_fits_everything() {
    for typ in [native(NativeType::Int), list(native(NativeType::Int))] {
        let nulls: ArrayRef = new_null_array(&DataType::Null, 1);
        assert_eq!(written(&typ, &nulls, 0).unwrap(), (-1_i32).to_be_bytes());
    }
}
