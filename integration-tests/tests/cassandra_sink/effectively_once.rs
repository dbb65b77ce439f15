//! A replay, in whatever order and however often, changes neither rows nor their write times.

use anyhow::Result;
use arrow::array::*;
use forebay_core::batch::Batch;
use forebay_integration_tests::Chance;
use forebay_integration_tests::servers::Cassandra;

use super::writer::{Writer, batch, column, rows};

/// Rows in which each of twenty keys comes again and again, and some delete.
fn history(batches: u64, rows_each: u64) -> Result<Vec<Batch>> {
    let mut chance = Chance::from_seed(7);
    let mut all = Vec::new();
    for id in 1..=batches {
        let mut chunks = Vec::new();
        for _ in 0..2 {
            let keys: Vec<i32> = (0..rows_each).map(|_| chance.below(20) as i32).collect();
            let values: Vec<Option<i64>> = (0..rows_each)
                .map(|row| (chance.below(5) > 0).then_some((id * 10_000 + row) as i64))
                .collect();
            let ops: Vec<&str> =
                (0..rows_each).map(|_| if chance.below(10) == 0 { "d" } else { "u" }).collect();
            chunks.push(rows([
                ("part", column(Int32Array::from_iter_values(keys.iter().map(|key| key % 3)))),
                ("key", column(Int32Array::from(keys))),
                ("value", column(Int64Array::from(values))),
                ("op", column(StringArray::from(ops))),
            ])?);
        }
        all.push(batch(id, 1_700_000_000_000 + id * 1_000, chunks));
    }
    Ok(all)
}

/// All rows with their write times.
fn seen(cassandra: &Cassandra, table: &str) -> Result<Vec<String>> {
    let statement = format!("SELECT part, key, value, writetime(value) FROM {table}");
    let mut rows: Vec<String> = cassandra
        .query::<(i32, i32, Option<i64>, Option<i64>)>(&statement)?
        .into_iter()
        .map(|row| format!("{row:?}"))
        .collect();
    rows.sort();
    Ok(rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_in_any_order_changes_nothing() -> Result<()> {
    let cassandra = Cassandra::shared()?;
    let keyspace = cassandra.keyspace("replay")?;
    let table = format!("{keyspace}.replay");
    cassandra.execute(&format!(
        "CREATE TABLE {table} (part int, key int, value bigint, PRIMARY KEY (part, key))"
    ))?;
    let options =
        "nulls = \"null\"\ndelete = { when = \"field\", field = \"op\", values = [\"d\"] }";
    let history = history(6, 200)?;

    // What must be there: the last word on each key.
    let mut expected = std::collections::BTreeMap::new();
    for batch in &history {
        for chunk in &batch.chunks {
            let (keys, values) = (chunk.columns.column(1).clone(), chunk.columns.column(2).clone());
            let (keys, values) = (
                keys.as_primitive::<arrow::datatypes::Int32Type>(),
                values.as_primitive::<arrow::datatypes::Int64Type>(),
            );
            let ops = chunk.columns.column(3).as_string::<i32>();
            for row in 0..keys.len() {
                let value = values.is_valid(row).then(|| values.value(row));
                match ops.value(row) {
                    "d" => expected.remove(&keys.value(row)),
                    _ => expected.insert(keys.value(row), value),
                };
            }
        }
    }

    let mut writer = Writer::new(cassandra, &table, options).await?;
    for batch in &history {
        assert_eq!(writer.write(batch).await?, []);
    }
    let once = seen(cassandra, &table)?;
    let rows = cassandra.query::<(i32, Option<i64>)>(&format!("SELECT key, value FROM {table}"))?;
    assert_eq!(rows.into_iter().collect::<std::collections::BTreeMap<_, _>>(), expected);

    // Another process, in the wrong order, and one batch more than once.
    let mut writer = Writer::new(cassandra, &table, options).await?;
    for batch in history.iter().rev().chain(&history[2..4]) {
        writer.write(batch).await?;
    }
    assert_eq!(seen(cassandra, &table)?, once);
    Ok(())
}

/// With the write time from a field, the record that is later by its own time wins, wherever it
/// comes from and whenever it is written.
#[tokio::test(flavor = "multi_thread")]
async fn the_record_that_is_later_by_its_own_time_wins() -> Result<()> {
    let cassandra = Cassandra::shared()?;
    let keyspace = cassandra.keyspace("times")?;
    let table = format!("{keyspace}.times");
    cassandra.execute(&format!("CREATE TABLE {table} (key int PRIMARY KEY, value int)"))?;
    let options = "extra_fields = \"ignore\"\n\
                   write_time = { from = \"field\", field = \"at\", position = \"offset\" }";
    let mut writer = Writer::new(cassandra, &table, options).await?;
    let late = |value: i32, at: i64, offset: i64| {
        rows([
            ("key", column(Int32Array::from(vec![1]))),
            ("value", column(Int32Array::from(vec![value]))),
            ("at", column(TimestampMillisecondArray::from(vec![at]))),
            ("offset", column(Int64Array::from(vec![offset]))),
        ])
    };
    for (id, (value, at, offset)) in
        [(2, 5_000, 1_002), (1, 5_000, 1_001), (3, 5_001, 7), (0, 4_999, 1_003)]
            .into_iter()
            .enumerate()
    {
        writer.write(&batch(id as u64 + 1, 1, vec![late(value, at, offset)?])).await?;
    }
    let found =
        cassandra.query::<(i32, i64)>(&format!("SELECT value, writetime(value) FROM {table}"))?;
    assert_eq!(found, [(3, 5_001_007)]);
    Ok(())
}
