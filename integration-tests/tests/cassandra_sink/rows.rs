//! What single rows can do: go wrong, expire, delete, count.

use anyhow::Result;
use arrow::array::*;
use forebay_core::sink::Verdict;
use forebay_integration_tests::servers::Cassandra;

use super::writer::{Writer, batch, column, observed, rows};

/// Broken rows are dead letters, each with its reason, and their neighbours are written.
#[tokio::test(flavor = "multi_thread")]
async fn broken_rows_never_hold_back_good_ones() -> Result<()> {
    let cassandra = Cassandra::shared()?;
    let keyspace = cassandra.keyspace("broken")?;
    let table = format!("{keyspace}.broken");
    cassandra.execute(&format!(
        "CREATE TABLE {table} (part text, key int, data blob, small tinyint, PRIMARY KEY (part, key))"
    ))?;
    // All in one partition, so that they would go as one batch. The server's limit of a mutation
    // is half a segment of its log: 4 MiB here.
    let mut writer = Writer::new(cassandra, &table, "batch_bytes = \"1MiB\"").await?;
    let parts: Vec<Option<&str>> = (0..40)
        .map(|row| if row == 3 { None } else { Some(if row == 5 { "" } else { "p" }) })
        .collect();
    let data: Vec<Vec<u8>> = (0..40)
        .map(|row| {
            vec![
                7;
                match row {
                    11 => 5 << 20,
                    13 => 9 << 20,
                    _ => 10,
                }
            ]
        })
        .collect();
    let rows = rows([
        ("part", column(StringArray::from(parts))),
        ("key", column(Int32Array::from_iter((0..40).map(|row| (row != 7).then_some(row))))),
        ("data", column(BinaryArray::from_iter_values(data))),
        (
            "small",
            column(Int32Array::from_iter_values((0..40).map(|row| if row == 9 { 300 } else { 1 }))),
        ),
    ])?;
    let rejected = writer.write(&batch(1, 1, vec![rows])).await?;
    let found: Vec<(usize, &str)> = rejected.iter().map(|it| (it.row, it.reason.class)).collect();
    assert_eq!(
        found,
        [
            (3, "null_key"),
            (5, "null_key"),
            (7, "null_key"),
            (9, "value"),
            (11, "refused"),
            (13, "oversize")
        ],
        "{rejected:?}"
    );
    assert!(
        rejected.iter().all(|it| it.verdict == Verdict::DeadLetter && !it.reason.text.is_empty())
    );
    assert_eq!(cassandra.count(&table)?, 34);
    assert_eq!(observed(writer.sink.as_ref(), "/dead_letters")?, 6);
    Ok(())
}

/// Rows of one partition go together, rows of many go alone.
#[tokio::test(flavor = "multi_thread")]
async fn requests_are_shaped_by_partition() -> Result<()> {
    let cassandra = Cassandra::shared()?;
    let keyspace = cassandra.keyspace("shapes")?;
    let table = format!("{keyspace}.shapes");
    cassandra
        .execute(&format!("CREATE TABLE {table} (part int, key int, PRIMARY KEY (part, key))"))?;
    let mut writer = Writer::new(cassandra, &table, "batch_rows = 50").await?;
    let chunk = |parts: Vec<i32>| {
        let keys = 0..parts.len() as i32;
        rows([
            ("part", column(Int32Array::from(parts))),
            ("key", column(Int32Array::from_iter_values(keys))),
        ])
    };
    let same = chunk((0..200).map(|row| row % 2).collect())?;
    writer.write(&batch(1, 1, vec![same])).await?;
    assert_eq!(observed(writer.sink.as_ref(), "/requests/batch")?, 4);
    assert_eq!(observed(writer.sink.as_ref(), "/requests/single")?, 0);
    writer.write(&batch(2, 2, vec![chunk((100..300).collect())?])).await?;
    assert_eq!(observed(writer.sink.as_ref(), "/requests/batch")?, 4);
    assert_eq!(observed(writer.sink.as_ref(), "/requests/single")?, 200);
    assert_eq!(cassandra.count(&table)?, 400);
    Ok(())
}

/// Time to live comes from a field or from the options, and null is the table's own.
#[tokio::test(flavor = "multi_thread")]
async fn rows_live_as_long_as_they_should() -> Result<()> {
    let cassandra = Cassandra::shared()?;
    let keyspace = cassandra.keyspace("ttl")?;
    let table = format!("{keyspace}.ttl");
    cassandra.execute(&format!(
        "CREATE TABLE {table} (key int PRIMARY KEY, value int) WITH default_time_to_live = 5000"
    ))?;
    let mut writer =
        Writer::new(cassandra, &table, "ttl = { from = \"field\", field = \"life\" }").await?;
    let rows_of = |lives: Vec<Option<i32>>| {
        let keys = Int32Array::from_iter_values(0..lives.len() as i32);
        rows([
            ("key", column(keys.clone())),
            ("value", column(keys)),
            ("life", column(Int32Array::from(lives))),
        ])
    };
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis() as u64;
    let lives = rows_of(vec![Some(1_000), None, Some(0), Some(-1), Some(700_000_000)])?;
    let rejected = writer.write(&batch(1, now, vec![lives])).await?;
    assert_eq!(
        rejected.iter().map(|it| (it.row, it.reason.class)).collect::<Vec<_>>(),
        [(3, "ttl"), (4, "ttl")]
    );
    let mut found =
        cassandra.query::<(i32, Option<i32>)>(&format!("SELECT key, ttl(value) FROM {table}"))?;
    found.sort();
    assert!(
        matches!(found[..], [(0, Some(900..=1_000)), (1, Some(4_900..=5_000)), (2, None)]),
        "{found:?}"
    );

    let mut writer = Writer::new(
        cassandra,
        &table,
        "extra_fields = \"ignore\"\nttl = { from = \"fixed\", ttl = \"1h\" }",
    )
    .await?;
    writer.write(&batch(2, now + 1, vec![rows_of(vec![None])?])).await?;
    let found = cassandra
        .query::<(Option<i32>,)>(&format!("SELECT ttl(value) FROM {table} WHERE key = 0"))?;
    assert!(matches!(found[..], [(Some(3_500..=3_600),)]), "{found:?}");
    Ok(())
}

/// Nulls leave what is stored, or delete it; static columns need no clustering column; names with
/// capitals are found.
#[tokio::test(flavor = "multi_thread")]
async fn nulls_static_columns_and_names() -> Result<()> {
    let cassandra = Cassandra::shared()?;
    let keyspace = cassandra.keyspace("nulls")?;
    let table = format!("{keyspace}.\"Nulls\"");
    cassandra.execute(&format!(
        "CREATE TABLE {table} (part int, key int, fixed text STATIC, \"Value\" int, PRIMARY KEY (part, key))"
    ))?;
    let quoted = table.replace('"', "\\\"");
    let full = |value: Option<i32>| {
        rows([
            ("part", column(Int32Array::from(vec![1]))),
            ("number", column(Int32Array::from(vec![2]))),
            ("value", column(Int32Array::from(vec![value]))),
        ])
    };
    let columns = "columns = { key = \"number\" }";
    let value = || -> Result<Vec<(Option<i32>, Option<String>)>> {
        cassandra.query(&format!("SELECT \"Value\", fixed FROM {table}"))
    };
    let mut writer = Writer::new(cassandra, &quoted, columns).await?;
    writer.write(&batch(1, 1, vec![full(Some(5))?])).await?;
    writer.write(&batch(2, 2, vec![full(None)?])).await?;
    assert_eq!(value()?, [(Some(5), None)]);
    let only_static = rows([
        ("part", column(Int32Array::from(vec![1]))),
        ("fixed", column(StringArray::from(vec!["all"]))),
    ])?;
    let mut plain = Writer::new(cassandra, &quoted, "").await?;
    plain.write(&batch(3, 3, vec![only_static])).await?;
    assert_eq!(value()?, [(Some(5), Some("all".to_owned()))]);
    let mut writer =
        Writer::new(cassandra, &quoted, &format!("{columns}\nnulls = \"null\"")).await?;
    writer.write(&batch(4, 4, vec![full(None)?])).await?;
    assert_eq!(value()?, [(None, Some("all".to_owned()))]);
    // A tombstone: all is null but the key.
    let options = format!("{columns}\ndelete = {{ when = \"nulls\" }}");
    let mut writer = Writer::new(cassandra, &quoted, &options).await?;
    writer.write(&batch(5, 5, vec![full(None)?])).await?;
    let keys = cassandra.query::<(Option<i32>,)>(&format!("SELECT key FROM {table}"))?;
    assert_eq!(keys, [(None,)]);
    Ok(())
}

/// Counters are refused, unless it is said that they may count twice.
#[tokio::test(flavor = "multi_thread")]
async fn counters_are_refused_or_added_to() -> Result<()> {
    let cassandra = Cassandra::shared()?;
    let keyspace = cassandra.keyspace("counters")?;
    let table = format!("{keyspace}.counters");
    cassandra.execute(&format!(
        "CREATE TABLE {table} (key text PRIMARY KEY, seen counter, sold counter)"
    ))?;
    let rows = rows([
        ("key", column(StringArray::from(vec!["a", "a", "b"]))),
        ("seen", column(Int64Array::from(vec![Some(1), Some(2), None]))),
        ("sold", column(Int32Array::from(vec![10, -3, 5]))),
    ])?;
    let batch = batch(1, 1, vec![rows]);
    let mut writer = Writer::new(cassandra, &table, "").await?;
    let text = writer.refusal(&batch).await?.to_string();
    assert!(text.contains("counters = \"at_least_once\""), "{text}");
    let mut writer = Writer::new(cassandra, &table, "counters = \"at_least_once\"").await?;
    assert_eq!(writer.write(&batch).await?, []);
    let mut found = cassandra.query::<(String, Option<i64>, Option<i64>)>(&format!(
        "SELECT key, seen, sold FROM {table}"
    ))?;
    found.sort();
    assert_eq!(found, [("a".to_owned(), Some(3), Some(7)), ("b".to_owned(), Some(0), Some(5))]);
    Ok(())
}
