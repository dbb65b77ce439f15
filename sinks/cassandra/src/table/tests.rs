//! Which field fills which column, and the CQL for it.

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use scylla_cql_core::frame::response::result::{ColumnType, NativeType};

use super::{Mapping, Role, Statement, Table, TableColumn};
use crate::settings::Settings;

fn column(name: &str, typ: NativeType, role: Role) -> TableColumn {
    TableColumn { name: name.to_owned(), typ: ColumnType::Native(typ), role }
}

fn table(columns: Vec<TableColumn>) -> Table {
    Table { name: "shop.\"Orders\"".parse().unwrap(), columns }
}

fn orders() -> Table {
    table(vec![
        column("customer", NativeType::Text, Role::Partition),
        column("id", NativeType::BigInt, Role::Clustering),
        column("name", NativeType::Text, Role::Static),
        column("price", NativeType::Double, Role::Regular),
    ])
}

fn schema(fields: &[(&str, DataType)]) -> Schema {
    Schema::new(
        fields.iter().map(|(name, typ)| Field::new(*name, typ.clone(), true)).collect::<Vec<_>>(),
    )
}

fn settings(more: &str) -> Settings {
    toml::from_str(&format!("hosts = [\"a\"]\ntable = \"shop.orders\"\n{more}")).unwrap()
}

fn problems(table: &Table, schema: &Schema, more: &str) -> Vec<String> {
    Mapping::new(table, schema, &settings(more)).unwrap_err().problems
}

#[test]
fn statements_are_quoted_and_ordered_by_key() {
    let schema = schema(&[
        ("PRICE", DataType::Float64),
        ("id", DataType::Int64),
        ("who", DataType::Utf8),
        ("life", DataType::Int32),
        ("at", DataType::Timestamp(TimeUnit::Millisecond, None)),
        ("op", DataType::Utf8),
    ]);
    let settings = settings(
        r#"
        columns = { customer = "who" }
        ttl = { from = "field", field = "life" }
        write_time = { from = "field", field = "at" }
        delete = { when = "field", field = "op", values = ["d"] }
        "#,
    );
    let mapping = Mapping::new(&orders(), &schema, &settings).unwrap();
    assert_eq!((mapping.keys(&orders()), mapping.partition_keys(&orders())), (2, 1));
    assert_eq!(mapping.columns.iter().map(|it| it.field).collect::<Vec<_>>(), [2, 1, 0]);
    assert_eq!(
        Statement::upsert(&orders(), &mapping, &settings).text,
        "INSERT INTO \"shop\".\"Orders\" (\"customer\", \"id\", \"price\") VALUES (?, ?, ?) \
         USING TIMESTAMP ? AND TTL ?"
    );
    assert_eq!(
        Statement::delete(&orders(), &mapping, &settings).text,
        "DELETE FROM \"shop\".\"Orders\" USING TIMESTAMP ? WHERE \"customer\" = ? AND \"id\" = ?"
    );
}

#[test]
fn what_is_fixed_stands_in_the_statement() {
    let schema = schema(&[("customer", DataType::Utf8), ("id", DataType::Int64)]);
    let text = |more: &str| {
        let settings = settings(more);
        let mapping = Mapping::new(&orders(), &schema, &settings).unwrap();
        Statement::upsert(&orders(), &mapping, &settings).text
    };
    let fixed = "ttl = { from = \"fixed\", ttl = \"1h\" }\n\
                 write_time = { from = \"fixed\", micros = 7 }";
    assert!(text(fixed).ends_with(" USING TIMESTAMP 7 AND TTL 3600"), "{}", text(fixed));
    assert!(text("write_time = { from = \"server\" }").ends_with("VALUES (?, ?)"));
}

#[test]
fn static_columns_need_no_clustering_column() {
    let only = [("customer", DataType::Utf8), ("name", DataType::Utf8)];
    let mapping = Mapping::new(&orders(), &schema(&only), &settings("")).unwrap();
    assert_eq!(mapping.keys(&orders()), 1);
    let more = [only[0].clone(), only[1].clone(), ("price", DataType::Float64)];
    assert_eq!(
        problems(&orders(), &schema(&more), ""),
        ["no field fills `id`, a part of the primary key"]
    );
}

#[test]
fn all_that_does_not_fit_is_found() {
    let schema =
        schema(&[("custmer", DataType::Utf8), ("id", DataType::Boolean), ("life", DataType::Utf8)]);
    let found = problems(
        &orders(),
        &schema,
        r#"
        columns = { prize = "custmer" }
        ttl = { from = "field", field = "life" }
        delete = { when = "field", field = "op", values = ["d"] }
        "#,
    );
    for part in [
        "the field `life` is Utf8, which `ttl` cannot be",
        "`delete` names the field `op`",
        "`columns` names the column `prize`, which the table does not have; did you mean `price`?",
        "field `id` for column `id`: Boolean cannot be written as bigint",
        "no field fills `customer`",
        "the field `custmer` has no column; did you mean `customer`?",
    ] {
        assert!(found.iter().any(|problem| problem.contains(part)), "{part}: {found:#?}");
    }
}

#[test]
fn counters_are_added_to() {
    let table = table(vec![
        column("page", NativeType::Text, Role::Partition),
        column("seen", NativeType::Counter, Role::Regular),
    ]);
    let schema = schema(&[("page", DataType::Utf8), ("seen", DataType::Int64)]);
    assert!(problems(&table, &schema, "")[0].contains("table of counters"));
    let settings = settings("counters = \"at_least_once\"");
    let mapping = Mapping::new(&table, &schema, &settings).unwrap();
    assert_eq!(
        Statement::add(&table, &mapping).text,
        "UPDATE \"shop\".\"Orders\" SET \"seen\" = \"seen\" + ? WHERE \"page\" = ?"
    );
}
