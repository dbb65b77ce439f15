//! Every supported type arrives as it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use arrow::array::*;
use arrow::datatypes::{DataType, Field, Float32Type, Int32Type, IntervalMonthDayNano};
use forebay_integration_tests::servers::Cassandra;
use scylla::value::Row;

use super::writer::{Writer, batch, column, rows};

const UUID: &str = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
const TIMEUUID: &str = "50554d6e-29bb-11e5-b345-feff819cdc9f";

fn text(value: &str) -> ArrayRef {
    column(StringArray::from(vec![value]))
}

/// CQL type, column, and the value as CQL writes it.
fn cases() -> Result<Vec<(&'static str, ArrayRef, &'static str)>> {
    let pair = StructArray::from(vec![
        (Arc::new(Field::new("street", DataType::Utf8, true)), text("High St")),
        (Arc::new(Field::new("number", DataType::Int32, true)), column(Int32Array::from(vec![7]))),
    ]);
    let floats = vec![Some(vec![Some(1.5_f32), Some(-2.0), Some(0.25)])];
    let ints =
        ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1), Some(2)])]);
    let mut texts = ListBuilder::new(StringBuilder::new());
    texts.append_value([Some("a"), Some("b")]);
    let texts: ArrayRef = Arc::new(texts.finish());
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    map.keys().append_value("k");
    map.values().append_value(1);
    map.append(true)?;
    let decimal = Decimal128Array::from(vec![-12_345]).with_precision_and_scale(10, 2)?;
    let interval = IntervalMonthDayNano::new(1, 2, 3);
    Ok(vec![
        ("ascii", text("plain"), "'plain'"),
        ("text", text("żółć"), "'żółć'"),
        ("text", text(""), "''"),
        ("blob", column(BinaryArray::from_iter_values([[0_u8, 255]])), "0x00ff"),
        ("boolean", column(BooleanArray::from(vec![true])), "true"),
        ("tinyint", column(Int8Array::from(vec![i8::MIN])), "-128"),
        ("smallint", column(Int16Array::from(vec![i16::MIN])), "-32768"),
        ("int", column(Int32Array::from(vec![i32::MIN])), "-2147483648"),
        ("bigint", column(Int64Array::from(vec![i64::MIN])), "-9223372036854775808"),
        (
            "varint",
            text("-170141183460469231731687303715884105729"),
            "-170141183460469231731687303715884105729",
        ),
        ("decimal", column(decimal), "-123.45"),
        ("float", column(Float32Array::from(vec![0.1])), "0.1"),
        ("double", column(Float64Array::from(vec![-1e300])), "-1e300"),
        (
            "timestamp",
            column(
                TimestampMicrosecondArray::from(vec![1_717_149_600_123_456]).with_timezone("UTC"),
            ),
            "'2024-05-31T10:00:00.123Z'",
        ),
        ("date", column(Date32Array::from(vec![19_874])), "'2024-05-31'"),
        ("time", column(Time64MicrosecondArray::from(vec![37_800_500_000])), "'10:30:00.5'"),
        ("duration", column(IntervalMonthDayNanoArray::from(vec![interval])), "1mo2d3ns"),
        ("uuid", text(UUID), UUID),
        ("timeuuid", text(TIMEUUID), TIMEUUID),
        ("inet", text("::1"), "'::1'"),
        ("inet", text("10.1.2.3"), "'10.1.2.3'"),
        ("list<int>", column(ints.clone()), "[1, 2]"),
        ("frozen<list<int>>", column(ints.clone()), "[1, 2]"),
        ("set<text>", texts.clone(), "{'a', 'b'}"),
        ("map<text, int>", column(map.finish()), "{'k': 1}"),
        ("tuple<text, int>", column(pair.clone()), "('High St', 7)"),
        ("address", column(pair.clone()), "{street: 'High St', number: 7}"),
        ("frozen<address>", column(pair), "{street: 'High St', number: 7}"),
        (
            "vector<float, 3>",
            column(FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(floats, 3)),
            "[1.5, -2.0, 0.25]",
        ),
        ("vector<smallint, 2>", column(ints), "[1, 2]"),
        ("vector<text, 2>", texts, "['a', 'b']"),
    ])
}

/// The row that the sink writes is the row that the server makes of the same values in CQL.
#[tokio::test(flavor = "multi_thread")]
async fn every_type_arrives_as_it_is() -> Result<()> {
    let cassandra = Cassandra::shared()?;
    let keyspace = cassandra.keyspace("types")?;
    cassandra
        .execute(&format!("CREATE TYPE {keyspace}.address (street text, number int, more text)"))?;
    let cases = cases()?;
    let names: Vec<String> = (0..cases.len()).map(|index| format!("c{index}")).collect();
    let columns: Vec<String> =
        names.iter().zip(&cases).map(|(name, case)| format!("{name} {}", case.0)).collect();
    let table = format!("{keyspace}.types");
    cassandra
        .execute(&format!("CREATE TABLE {table} (id int PRIMARY KEY, {})", columns.join(", ")))?;
    let literals: Vec<&str> = cases.iter().map(|case| case.2).collect();
    cassandra.execute(&format!(
        "INSERT INTO {table} (id, {}) VALUES (0, {})",
        names.join(", "),
        literals.join(", ")
    ))?;

    let mut writer = Writer::new(cassandra, &table, "").await?;
    let id: ArrayRef = column(Int32Array::from(vec![1]));
    let fields = names.iter().map(String::as_str).zip(cases.iter().map(|case| case.1.clone()));
    let columns = RecordBatch::try_from_iter(std::iter::once(("id", id)).chain(fields))?;
    let rows = forebay_core::batch::Rows { columns, origin: None };
    assert_eq!(writer.write(&batch(1, 1, vec![rows])).await?, []);

    for (name, (typ, _, literal)) in names.iter().zip(&cases) {
        let found = cassandra.query::<Row>(&format!("SELECT id, {name} FROM {table}"))?;
        let of: BTreeMap<String, String> = found
            .into_iter()
            .map(|row| (format!("{:?}", row.columns[0]), format!("{:?}", row.columns[1])))
            .collect();
        assert_eq!(of.len(), 2, "{typ}");
        assert_eq!(of["Some(Int(0))"], of["Some(Int(1))"], "{typ} {literal}");
        assert_ne!(of["Some(Int(1))"], "None", "{typ}");
    }
    Ok(())
}

/// All that does not fit is told at once, and the table is not touched.
#[tokio::test(flavor = "multi_thread")]
async fn all_misfits_are_reported_together() -> Result<()> {
    let cassandra = Cassandra::shared()?;
    let keyspace = cassandra.keyspace("misfits")?;
    let table = format!("{keyspace}.orders");
    cassandra.execute(&format!(
        "CREATE TABLE {table} (customer int, day date, price decimal, PRIMARY KEY (customer, day))"
    ))?;
    let mut writer = Writer::new(cassandra, &table, "").await?;
    let rows = rows([
        ("custmer", column(Int32Array::from(vec![1]))),
        ("price", column(Float64Array::from(vec![1.5]))),
    ])?;
    let text = writer.refusal(&batch(1, 1, vec![rows])).await?;
    assert!(matches!(text, forebay_core::sink::SinkError::Fatal(_)), "{text:?}");
    let text = text.to_string();
    for part in [
        "no field fills `customer`",
        "no field fills `day`",
        "did you mean `customer`?",
        "Float64 cannot be written as decimal",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    Ok(())
}
