//! What a person broke and mends: the pipeline waits with the right words, and goes on.

use anyhow::{Result, ensure};
use arrow::array::*;
use forebay_core::batch::Batch;
use forebay_core::sink::SinkError;
use forebay_integration_tests::servers::Cassandra;
use forebay_integration_tests::servers::cassandra::Options;

use super::writer::{Writer, batch, build, column, rows, settings};

fn numbers(id: u64, range: std::ops::Range<i32>) -> Result<Batch> {
    let rows = rows([
        ("key", column(Int32Array::from_iter_values(range.clone()))),
        ("value", column(Int32Array::from_iter_values(range))),
    ])?;
    Ok(batch(id, id, vec![rows]))
}

fn waits(error: &SinkError, word: &str) -> Result<()> {
    ensure!(matches!(error, SinkError::Transient(_)), "{error:?} is not transient");
    ensure!(error.to_string().contains(word), "`{word}` is not in `{error}`");
    Ok(())
}

/// A table that is dropped, altered or missing at first is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_goes_and_comes_back_is_written_to_again() -> Result<()> {
    let cassandra = Cassandra::shared()?;
    let keyspace = cassandra.keyspace("dropped")?;
    let table = format!("{keyspace}.orders");
    let create = format!("CREATE TABLE {table} (key int PRIMARY KEY, value int)");

    let mut sink = build(settings(cassandra, &table, "")?)?;
    waits(&sink.connect().await.unwrap_err(), "there is no table")?;
    cassandra.execute(&create)?;
    sink.connect().await?;
    let mut writer = Writer { sink };
    writer.write(&numbers(1, 0..100)?).await?;

    cassandra.execute(&format!("DROP TABLE {table}"))?;
    let next = numbers(2, 100..200)?;
    waits(&writer.refusal(&next).await?, "there is no table")?;
    cassandra.execute(&create)?;
    assert_eq!(writer.write(&next).await?, []);
    assert_eq!(cassandra.count(&table)?, 100);

    // A column that rows need goes, and comes back.
    cassandra.execute(&format!("ALTER TABLE {table} DROP value"))?;
    let next = numbers(3, 200..300)?;
    waits(&writer.refusal(&next).await?, "the field `value` has no column")?;
    cassandra.execute(&format!("ALTER TABLE {table} ADD value int"))?;
    assert_eq!(writer.write(&next).await?, []);
    assert_eq!(cassandra.count(&table)?, 200);

    // The whole keyspace.
    cassandra.drop_keyspace(&keyspace)?;
    let next = numbers(4, 0..10)?;
    waits(&writer.refusal(&next).await?, "there is no keyspace")?;
    cassandra.create_keyspace(&keyspace)?;
    cassandra.execute(&create)?;
    assert_eq!(writer.write(&next).await?, []);
    assert_eq!(cassandra.count(&table)?, 10);
    Ok(())
}

/// A column that is added is filled as soon as it is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_column_is_filled() -> Result<()> {
    let cassandra = Cassandra::shared()?;
    let keyspace = cassandra.keyspace("added")?;
    let table = format!("{keyspace}.orders");
    cassandra.execute(&format!("CREATE TABLE {table} (key int PRIMARY KEY)"))?;
    let mut writer = Writer::new(cassandra, &table, "extra_fields = \"ignore\"").await?;
    writer.write(&numbers(1, 0..3)?).await?;
    cassandra.execute(&format!("ALTER TABLE {table} ADD value int"))?;
    let filled = || -> Result<usize> {
        let rows = cassandra.query::<(Option<i32>,)>(&format!("SELECT value FROM {table}"))?;
        Ok(rows.iter().filter(|row| row.0.is_some()).count())
    };
    // The driver hears of it by an event, soon after.
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    let mut id = 2;
    while filled()? == 0 {
        ensure!(tokio::time::Instant::now() < deadline, "the new column stays empty");
        writer.write(&numbers(id, 0..3)?).await?;
        id += 1;
    }
    assert_eq!(filled()?, 3);
    Ok(())
}

/// A wrong password stops the start; a right that is taken away is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn credentials_and_rights() -> Result<()> {
    let cassandra = Cassandra::start(&Options::one_node().with_password())?;
    let keyspace = cassandra.keyspace("rights")?;
    let table = format!("{keyspace}.orders");
    cassandra.execute(&format!("CREATE TABLE {table} (key int PRIMARY KEY, value int)"))?;
    cassandra.execute("CREATE ROLE gateway WITH PASSWORD = 'secret' AND LOGIN = true")?;
    cassandra.execute(&format!("GRANT SELECT ON {table} TO gateway"))?;

    for (login, word) in [
        ("username = \"gateway\"\npassword = \"wrong\"", "password is wrong"),
        ("", "set `username` and `password`"),
    ] {
        let error = build(settings(&cassandra, &table, login)?)?.connect().await.unwrap_err();
        waits(&error, word)?;
    }

    let login = "username = \"gateway\"\npassword = \"secret\"";
    let mut writer = Writer::new(&cassandra, &table, login).await?;
    let next = numbers(1, 0..50)?;
    waits(&writer.refusal(&next).await?, "grant MODIFY")?;
    cassandra.execute(&format!("GRANT MODIFY ON {table} TO gateway"))?;
    assert_eq!(writer.write(&next).await?, []);
    assert_eq!(cassandra.count(&table)?, 50);
    Ok(())
}

/// What is wrong with where to write is told with what is there.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_places_are_named() -> Result<()> {
    let cassandra = Cassandra::shared()?;
    let keyspace = cassandra.keyspace("places")?;
    let table = format!("{keyspace}.orders");
    cassandra.execute(&format!("CREATE TABLE {table} (key int PRIMARY KEY, value int)"))?;
    let refused = async |table: &str, more: &str| -> Result<SinkError> {
        Ok(build(settings(cassandra, table, more)?)?.connect().await.unwrap_err())
    };
    waits(&refused(&format!("{keyspace}.order"), "").await?, "did you mean `orders`?")?;
    waits(&refused("nowhere.orders", "").await?, "there is no keyspace `nowhere`")?;
    let error = refused(&table, "datacenter = \"mars\"").await?;
    ensure!(matches!(error, SinkError::Fatal(_)), "{error:?}");
    ensure!(error.to_string().contains("there are: datacenter1"), "{error}");
    let away = "hosts = [\"127.0.0.1:1\"]\ntable = \"a.b\"\nconnect_timeout = \"1s\"";
    let error = build(toml::from_str(away)?)?.connect().await.unwrap_err();
    waits(&error, "no connection")?;
    Ok(())
}
