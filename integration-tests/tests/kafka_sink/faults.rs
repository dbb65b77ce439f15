//! Brokers that are away, slow or killed.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use forebay_core::sink::{SinkError, Written};
use forebay_integration_tests::port;
use forebay_integration_tests::servers::Kafka;
use forebay_integration_tests::servers::kafka::Options;
use serde_json::json;

use crate::destination::{batch, begin, deliver, each_once_in_order, keyed, seen, sink, sink_at};

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_not_there_is_told_in_words() -> Result<()> {
    let address = format!("127.0.0.1:{}", port::free()?);
    for exactly_once in [false, true] {
        let options = json!({ "exactly_once": exactly_once });
        let mut sink = sink_at(&[&address], "orders", options);
        let error = sink.connect().await.unwrap_err();
        ensure!(matches!(error, SinkError::Disconnected(_)), "{error}");
        ensure!(error.to_string().contains("no broker answers"), "{error}");
        sink.close().await;
    }
    Ok(())
}

/// A broker of its own that is killed and started again while batches are written.
async fn killed_in_mid_run(exactly_once: bool) -> Result<()> {
    const ROWS: i64 = 5_000;
    let kafka = Kafka::start(&Options::one_node())?;
    let topic = kafka.topic("killed", 4)?;
    let mut sink = sink(&kafka, &topic, json!({ "exactly_once": exactly_once, "key": "{name}" }));
    begin(&mut *sink).await?;
    deliver(&mut *sink, &batch(1, keyed(0..ROWS))).await?;
    let mut batches = 1;
    std::thread::scope(|scope| -> Result<()> {
        let killer = scope.spawn(|| -> Result<Instant> {
            let node = kafka.node(1)?;
            node.kill_and_start()?;
            Ok(Instant::now())
        });
        let runtime = tokio::runtime::Handle::current();
        tokio::task::block_in_place(|| {
            runtime.block_on(async {
                let mut after = 0;
                // Some batches during, and some after.
                while after < 3 {
                    after += i32::from(killer.is_finished());
                    let from = batches * ROWS;
                    batches += 1;
                    let next = batch(batches as u64, keyed(from..from + ROWS));
                    ensure!(deliver(&mut *sink, &next).await? == Written::all());
                }
                Ok(())
            })
        })?;
        let restarted = killer.join().map_err(|_| anyhow::anyhow!("the killer panicked"))??;
        ensure!(restarted.elapsed() < Duration::from_secs(20), "{:?}", restarted.elapsed());
        Ok(())
    })?;
    each_once_in_order(&seen(&kafka, &topic)?, batches * ROWS)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_killed_in_mid_run_loses_doubles_and_reorders_nothing() -> Result<()> {
    killed_in_mid_run(false).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_killed_in_mid_run_breaks_no_transaction() -> Result<()> {
    killed_in_mid_run(true).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_freezes_is_told_and_the_batch_is_resumed_not_written_again() -> Result<()> {
    let kafka = Kafka::start(&Options::one_node())?;
    let topic = kafka.topic("frozen", 2)?;
    let mut sink = sink(&kafka, &topic, json!({ "key": "{name}" }));
    begin(&mut *sink).await?;
    let node = kafka.node(1)?;
    node.freeze()?;
    let rows = batch(1, keyed(0..2_000));
    let error = sink.write(&rows).await.unwrap_err();
    ensure!(matches!(&error, SinkError::Disconnected(text) if text.contains("wait")), "{error}");
    node.thaw()?;
    ensure!(deliver(&mut *sink, &rows).await? == Written::all());
    each_once_in_order(&seen(&kafka, &topic)?, 2_000)
}
