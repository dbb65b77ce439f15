//! Schemas read, printed, mapped.

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::{FieldSpec, SchemaSpec, Type};

#[derive(Debug, Deserialize, Serialize, PartialEq)]
struct Table {
    schema: SchemaSpec,
}

#[derive(Debug, Deserialize)]
struct Flat {
    #[serde(flatten)]
    inner: Table,
}

fn read(schema: &str) -> Result<SchemaSpec, String> {
    toml::from_str::<Table>(&format!("schema = {schema}"))
        .map(|table| table.schema)
        .map_err(|error| error.message().to_owned())
}

#[test]
fn a_schema_keeps_the_order_in_which_it_is_written() {
    let text = r#"{ z = "bigint", a = "timestamp", m = "text not null", tags = ["text"], place = { lon = "double", lat = "double" } }"#;
    let schema = read(text).unwrap();
    assert_eq!(schema.to_string(), text);
    let names: Vec<_> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["z", "a", "m", "tags", "place"]);
    assert!(!schema.fields[2].nullable);

    let flat: Flat = toml::from_str(&format!("schema = {text}")).unwrap();
    assert_eq!(flat.inner.schema, schema);
    let value: toml::Value = toml::from_str(&format!("schema = {text}")).unwrap();
    assert_eq!(value.try_into::<Table>().unwrap().schema, schema);
    let value: serde_json::Value = serde_json::to_value(&schema).unwrap();
    assert_eq!(serde_json::from_value::<SchemaSpec>(value).unwrap(), schema);
    let sections = "[schema]\nz = \"bigint\"\na = \"text\"\n[schema.place]\nlat = \"double\"\n";
    let schema = toml::from_str::<Table>(sections).unwrap().schema;
    assert_eq!(schema.to_string(), r#"{ z = "bigint", a = "text", place = { lat = "double" } }"#);
}

#[test]
fn each_type_has_its_arrow_type() {
    let micros = TimeUnit::Microsecond;
    for (name, data_type) in [
        ("boolean", DataType::Boolean),
        ("tinyint", DataType::Int8),
        ("SMALLINT", DataType::Int16),
        ("integer", DataType::Int32),
        ("long", DataType::Int64),
        ("float", DataType::Float32),
        ("double", DataType::Float64),
        ("decimal(10, 2)", DataType::Decimal128(10, 2)),
        ("numeric(5)", DataType::Decimal128(5, 0)),
        ("varchar", DataType::Utf8),
        ("json", DataType::Utf8),
        ("bytes", DataType::Binary),
        ("date", DataType::Date32),
        ("time", DataType::Time64(micros)),
        ("timestamp", DataType::Timestamp(micros, Some("UTC".into()))),
        ("uuid", DataType::Utf8),
    ] {
        for (text, nullable) in [
            (name.to_owned(), true),
            (format!("{name}!"), false),
            (format!("{name} NOT NULL"), false),
        ] {
            let schema = read(&format!("{{ a = \"{text}\" }}")).unwrap().to_arrow();
            assert_eq!(*schema.field(0), Field::new("a", data_type.clone(), nullable), "{text}");
        }
    }
}

#[test]
fn a_wrong_type_is_named_with_its_path_and_the_nearest() {
    for (schema, message) in [
        (r#"{ a = "bigit" }"#, "field `a`: `bigit` is no type; did you mean `bigint`?"),
        (
            r#"{ place = { lat = "doubel" } }"#,
            "field `place.lat`: `doubel` is no type; did you mean `double`?",
        ),
        (
            r#"{ t = [{ x = "strin" }] }"#,
            "field `t[].x`: `strin` is no type; did you mean `string`?",
        ),
        (r#"{ a = "decimal(40,2)" }"#, "field `a`: `decimal(40,2)` is no decimal"),
        (r#"{ a = "decimal(2,3)" }"#, "field `a`: `decimal(2,3)` is no decimal"),
        (r#"{ a = ["text", "int"] }"#, "field `a`: a list is written with exactly one type"),
        (r"{ a = [] }", "field `a`: a list is written with exactly one type"),
        (r"{ a = {} }", "field `a` has no fields"),
        (r"{ a = 5 }", "expected a type for `a`"),
        (r#"{ a = "quaternion" }"#, "the types are boolean, tinyint"),
    ] {
        let error = read(schema).unwrap_err();
        assert!(error.contains(message), "{schema}: {error}");
    }
}

#[test]
fn a_schema_of_a_file_is_told_in_our_types() {
    let schema = Schema::new(vec![
        Field::new("u", DataType::UInt32, false),
        Field::new("t", DataType::Timestamp(TimeUnit::Nanosecond, None), true),
        Field::new_list("l", Field::new("element", DataType::LargeUtf8, true), false),
        Field::new_dictionary("d", DataType::Int32, DataType::Utf8, true),
    ]);
    let spec = SchemaSpec::from_arrow(&schema).unwrap();
    let text = r#"{ u = "bigint not null", t = "timestamp", l = ["text"], d = "text" }"#;
    assert_eq!(spec.to_string(), text);
    let odd = Schema::new(vec![Field::new(
        "i",
        DataType::Interval(arrow::datatypes::IntervalUnit::DayTime),
        true,
    )]);
    let error = SchemaSpec::from_arrow(&odd).unwrap_err().to_string();
    assert!(error.contains("field `i`"), "{error}");
}

#[test]
fn the_json_schema_takes_what_is_documented() {
    let schema = serde_json::to_string(&schemars::schema_for!(SchemaSpec)).unwrap();
    assert!(schema.contains("ColumnType") && schema.contains("bigint"), "{schema}");
}

fn any_type() -> impl Strategy<Value = Type> {
    let simple = prop::sample::select(vec![
        Type::Boolean,
        Type::BigInt,
        Type::Decimal(38, 0),
        Type::Text,
        Type::Uuid,
        Type::Json,
    ]);
    simple.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            (inner.clone(), any::<bool>()).prop_map(|(kind, nullable)| {
                let nullable = nullable || !kind.is_simple();
                Type::List(Box::new(FieldSpec { name: "item".into(), kind, nullable }))
            }),
            prop::collection::btree_map(".{0,6}", inner, 1..4).prop_map(|fields| {
                let fields = fields.into_iter().map(|(name, kind)| FieldSpec::new(name, kind));
                Type::Struct(SchemaSpec::new(fields.collect()))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_can_be_read(kind in any_type(), name in "[a-z \"\\\\.é]{1,8}") {
        let schema = SchemaSpec::new(vec![FieldSpec::new(name, kind)]);
        prop_assert_eq!(read(&schema.to_string()), Ok(schema.clone()));
        // As sections, TOML puts tables behind plain values: JSON keeps the order.
        let text = serde_json::to_string(&schema).unwrap();
        prop_assert_eq!(serde_json::from_str::<SchemaSpec>(&text).unwrap(), schema);
    }
}
