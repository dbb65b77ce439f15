//! Rows are written as their statements want them, or say why they cannot be.

use std::sync::Arc;

use arrow::array::*;
use scylla_cql_core::frame::response::result::{ColumnSpec, ColumnType, NativeType, TableSpec};
use scylla_cql_core::serialize::batch::{BatchValues, BatchValuesIterator};
use scylla_cql_core::serialize::row::{RowSerializationContext, SerializedValues};
use scylla_cql_core::value::MaybeUnset;

use super::bound::Way;
use super::values::{Sent, Window};
use super::{Bound, Encoded, Requests};
use crate::settings::Settings;
use crate::table::{Layout, Mapping, Role, Table, TableColumn, Verb};

const SPECS: [(&str, NativeType); 5] = [
    ("part", NativeType::Text),
    ("key", NativeType::Int),
    ("value", NativeType::Text),
    ("[timestamp]", NativeType::BigInt),
    ("[ttl]", NativeType::Int),
];

fn table() -> Table {
    let roles = [Role::Partition, Role::Clustering, Role::Regular];
    let columns = SPECS.iter().zip(roles).map(|((name, typ), role)| TableColumn {
        name: (*name).to_owned(),
        typ: ColumnType::Native(typ.clone()),
        role,
    });
    Table { name: "k.t".parse().unwrap(), columns: columns.collect() }
}

fn settings() -> Settings {
    toml::from_str(
        r#"
        hosts = ["a"]
        table = "k.t"
        max_row_bytes = "100"
        ttl = { from = "field", field = "life" }
        "#,
    )
    .unwrap()
}

fn chunk() -> RecordBatch {
    let long = "x".repeat(100);
    let columns: [(&str, ArrayRef); 4] = [
        (
            "key",
            Arc::new(Int32Array::from(vec![Some(1), Some(2), None, Some(4), Some(5), Some(6)])),
        ),
        ("part", Arc::new(StringArray::from(vec!["a", "a", "a", "", "b", "b"]))),
        (
            "value",
            Arc::new(StringArray::from(vec![Some("v"), None, None, None, Some(&long), None])),
        ),
        ("life", Arc::new(Int32Array::from(vec![Some(60), None, None, None, None, Some(-1)]))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn upsert() -> Way {
    Way { statement: 0, layout: Layout { verb: Verb::Upsert, write_time: true, ttl: true } }
}

fn encoded() -> (Encoded, Vec<(usize, &'static str)>) {
    let (table, settings, chunk) = (table(), settings(), chunk());
    let mapping = Mapping::new(&table, &chunk.schema(), &settings).unwrap();
    let bound = Bound::new(&table, &mapping, &settings, &chunk, 1_000).unwrap();
    let mut encoded = Encoded::default();
    let mut refused = Vec::new();
    for row in 0..chunk.num_rows() {
        if let Err(reason) = bound.write(row, u32::try_from(row).unwrap(), upsert(), &mut encoded) {
            refused.push((row, reason.class));
        }
    }
    (encoded, refused)
}

#[test]
fn broken_rows_leave_nothing_behind() {
    let (encoded, refused) = encoded();
    assert_eq!(refused, [(2, "null_key"), (3, "null_key"), (4, "oversize"), (5, "ttl")]);
    assert_eq!(encoded.rows.iter().map(|row| row.number).collect::<Vec<_>>(), [0, 1]);
    let bytes: u32 = encoded.rows.iter().map(|row| row.len).sum();
    assert_eq!(encoded.bytes.len(), bytes as usize);
    assert_eq!(encoded.key(&encoded.rows[0]), encoded.key(&encoded.rows[1]));
    assert_eq!(encoded.key(&encoded.rows[0]), [0, 0, 0, 1, b'a']);
}

/// What is sent is what the driver would make of the same values.
#[test]
fn the_driver_is_handed_the_same_bytes_that_it_would_make() {
    let (encoded, _) = encoded();
    let requests = Requests::of(&encoded, 64, 1 << 20);
    assert_eq!(requests.spans.len(), 1);
    let span = requests.spans[0];
    let sent = Sent::new(Arc::new(Window { encoded, requests }), span);

    let specs = SPECS.map(|(name, typ)| {
        ColumnSpec::borrowed(name, ColumnType::Native(typ), TableSpec::borrowed("k", "t"))
    });
    let context = RowSerializationContext::from_specs(&specs);
    let mut rows = sent.batch_values_iter();
    let mut next = || {
        let values = SerializedValues::from_closure(|writer| {
            rows.serialize_next(&context, writer).transpose()
        });
        values.unwrap()
    };
    type Values = (String, i32, MaybeUnset<String>, i64, MaybeUnset<i32>);
    let expected = |values: &Values| SerializedValues::from_serializable(&context, values).unwrap();
    let set = MaybeUnset::Set;
    let first = ("a".to_owned(), 1, set("v".to_owned()), 1_000, MaybeUnset::Set(60));
    let second = ("a".to_owned(), 2, MaybeUnset::Unset, 1_001, MaybeUnset::Unset);
    assert_eq!(next().0, expected(&first));
    assert_eq!(next().0, expected(&second));
    assert_eq!(next().1, None);
    // A statement that wants other values is not given them.
    let fewer = RowSerializationContext::from_specs(&specs[..4]);
    assert!(SerializedValues::from_serializable(&fewer, &sent).is_err());
}

#[test]
fn a_delete_has_its_time_before_its_key() {
    let (table, settings, chunk) = (table(), settings(), chunk());
    let mapping = Mapping::new(&table, &chunk.schema(), &settings).unwrap();
    let bound = Bound::new(&table, &mapping, &settings, &chunk, 7).unwrap();
    let layout = Layout { verb: Verb::Delete, write_time: true, ttl: false };
    let mut encoded = Encoded::default();
    bound.write(0, 0, Way { statement: 1, layout }, &mut encoded).unwrap();
    let mut expected = vec![0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, b'a'];
    assert_eq!(encoded.key(&encoded.rows[0]), &expected[12..]);
    expected.extend([0, 0, 0, 4, 0, 0, 0, 1]);
    assert_eq!(encoded.bytes, expected);
}
