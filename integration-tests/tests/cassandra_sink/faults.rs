//! Whatever happens to the server, each row is there in the end.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use arrow::array::*;
use forebay_core::batch::Batch;
use forebay_integration_tests::servers::Cassandra;
use forebay_integration_tests::servers::cassandra::Options;

use super::writer::{Writer, batch, column, observed, rows};

const ROWS: i32 = 500;

/// A batch of rows whose keys no other batch has; half of them share partitions.
fn numbers(id: u64) -> Result<Batch> {
    let first = i32::try_from(id)? * ROWS;
    let keys = first..first + ROWS;
    let rows = rows([
        (
            "part",
            column(Int32Array::from_iter_values(
                keys.clone().map(|key| if key % 2 == 0 { key } else { key / 100 }),
            )),
        ),
        ("key", column(Int32Array::from_iter_values(keys.clone()))),
        ("value", column(Int32Array::from_iter_values(keys))),
    ])?;
    Ok(batch(id, 1_700_000_000_000 + id, vec![rows]))
}

fn table(cassandra: &Cassandra) -> Result<String> {
    let table = format!("{}.orders", cassandra.keyspace("faults")?);
    cassandra.execute(&format!(
        "CREATE TABLE {table} (part int, key int, value int, PRIMARY KEY (part, key))"
    ))?;
    Ok(table)
}

/// Every row of so many batches is there, once and with its value.
fn complete(cassandra: &Cassandra, table: &str, batches: u64) -> Result<()> {
    let mut rows = cassandra.query::<(i32, i32)>(&format!("SELECT key, value FROM {table}"))?;
    rows.sort_unstable();
    let last = i32::try_from(batches + 1)? * ROWS;
    let expected: Vec<(i32, i32)> = (ROWS..last).map(|key| (key, key)).collect();
    ensure!(rows == expected, "{} rows are there, {} must be", rows.len(), expected.len());
    Ok(())
}

/// Killed and started again, and frozen, while batches are written: nothing is lost, and writing
/// goes on within seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_or_frozen_loses_nothing() -> Result<()> {
    let cassandra = std::sync::Arc::new(Cassandra::start(&Options::one_node().durable())?);
    let table = table(&cassandra)?;
    let mut writer =
        Writer::new(&cassandra, &table, "request_timeout = \"2s\"\nmax_in_flight = 32").await?;
    writer.write(&numbers(1)?).await?;

    // Killed between batches and in their midst.
    for (first, pause_ms) in [(2, 0), (12, 30)] {
        let breaker = std::thread::spawn({
            let cassandra = cassandra.clone();
            move || -> Result<Instant> {
                std::thread::sleep(Duration::from_millis(pause_ms));
                cassandra.node(1)?.kill_and_start()?;
                Ok(Instant::now())
            }
        });
        for id in first..first + 10 {
            ensure!(writer.write(&numbers(id)?).await?.is_empty(), "rows were given up");
        }
        let back = breaker.join().ok().context("the breaker panicked")??;
        ensure!(back.elapsed() < Duration::from_secs(15), "{:?} after it was back", back.elapsed());
    }
    complete(&cassandra, &table, 21)?;

    // Frozen for longer than a request may take.
    let node = cassandra.node(1)?;
    node.freeze()?;
    let thawing = std::thread::spawn({
        let cassandra = cassandra.clone();
        move || -> Result<Instant> {
            std::thread::sleep(Duration::from_secs(5));
            cassandra.node(1)?.thaw()?;
            Ok(Instant::now())
        }
    });
    for id in 22..27 {
        ensure!(writer.write(&numbers(id)?).await?.is_empty(), "rows were given up");
    }
    let back = thawing.join().ok().context("the thawing panicked")??;
    ensure!(back.elapsed() < Duration::from_secs(15), "{:?} after it was back", back.elapsed());
    complete(&cassandra, &table, 26)
}

/// A server that refuses most requests gets fewer at a time, and every row in the end.
#[tokio::test(flavor = "multi_thread")]
async fn an_overloaded_server_gets_fewer_requests_and_every_row() -> Result<()> {
    let cassandra = Cassandra::start(&Options::one_node().overloaded(400))?;
    let table = table(&cassandra)?;
    let mut writer = Writer::new(&cassandra, &table, "batch_rows = 1").await?;
    for id in 1..=3 {
        ensure!(writer.write(&numbers(id)?).await?.is_empty(), "rows were given up");
    }
    let refused = observed(writer.sink.as_ref(), "/errors/pressure")?.as_u64().unwrap_or(0);
    ensure!(refused > 0, "the server never refused a request");
    let limit = observed(writer.sink.as_ref(), "/requests/limit")?.as_u64().unwrap_or(u64::MAX);
    ensure!(limit < 64, "{limit} requests at a time in spite of {refused} refusals");
    // Reading is limited too.
    let mut tries = 0;
    while let Err(error) = complete(&cassandra, &table, 3) {
        tries += 1;
        ensure!(tries < 100, "{error:#}");
    }
    Ok(())
}

/// Every write fails, as with a broken disk: the batch waits, and no row is given up.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_fails_at_every_row_is_waited_for() -> Result<()> {
    let cassandra = Cassandra::start(&Options::one_node().failing_for("broken_disk"))?;
    cassandra.create_keyspace("broken_disk")?;
    cassandra.execute(
        "CREATE TABLE broken_disk.orders (part int, key int, value int, PRIMARY KEY (part, key))",
    )?;
    let mut writer = Writer::new(&cassandra, "broken_disk.orders", "").await?;
    let error = writer.refusal(&numbers(1)?).await?;
    ensure!(matches!(error, forebay_core::sink::SinkError::Transient(_)), "{error:?}");
    Ok(())
}
