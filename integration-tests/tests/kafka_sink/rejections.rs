//! Rows that do not fit are told one by one, and take no other along.

use std::time::Duration;

use anyhow::{Result, ensure};
use forebay_core::Batch;
use forebay_core::sink::{SinkError, Verdict, Written};
use forebay_integration_tests::servers::Kafka;
use serde_json::json;

use crate::destination::{batch, begin, deliver, keyed, numbers, raw, seen, sink};

/// The rows that are dead letters, and their classes.
fn dead(written: &Written) -> Vec<(usize, &'static str)> {
    let dead = written.rejected.iter().filter(|it| it.verdict == Verdict::DeadLetter);
    let mut rows: Vec<_> = dead.map(|it| (it.row, it.reason.class)).collect();
    rows.sort_unstable();
    rows
}

/// Records of which some are larger than the topic takes, though not larger than the client sends.
fn with_large_ones(id: u64) -> (Batch, Vec<usize>) {
    let is_large = |row: usize| row == 17 || row == 800 || row == 801;
    let values: Vec<Vec<u8>> = (0..1_000)
        .map(|row| {
            let mut value = format!("{row:06}").into_bytes();
            value.resize(if is_large(row) { 9_000 } else { 40 }, b'x');
            value
        })
        .collect();
    let keys: Vec<Vec<u8>> = (0..1_000).map(|row| vec![b'a' + (row % 5) as u8]).collect();
    let records: Vec<_> =
        keys.iter().zip(&values).map(|(key, value)| (Some(&**key), Some(&**value))).collect();
    (raw(id, &records), (0..1_000).filter(|row| is_large(*row)).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn records_too_large_for_the_topic_are_dead_letters_and_their_neighbours_are_written()
-> Result<()> {
    let kafka = Kafka::shared()?;
    for exactly_once in [false, true] {
        let topic = kafka.topic("large", 2)?;
        kafka.delete_topic(&topic)?;
        kafka.create_topic(&topic, 2, &[("max.message.bytes", "5000")])?;
        let mut sink = sink(kafka, &topic, json!({ "exactly_once": exactly_once }));
        begin(&mut *sink).await?;
        let (batch, large) = with_large_ones(1);
        let written = deliver(&mut *sink, &batch).await?;
        let expected: Vec<_> = large.iter().map(|row| (*row, "oversize")).collect();
        ensure!(dead(&written) == expected, "{:?}", dead(&written));
        ensure!(written.rejected.len() == large.len());
        let mut rows = Vec::new();
        let mut last = std::collections::BTreeMap::new();
        for record in seen(kafka, &topic)? {
            let value = String::from_utf8(record.value.unwrap())?;
            let row: usize = value[..6].parse()?;
            rows.push(row);
            last.insert((record.partition, row), record.offset);
        }
        let places: Vec<_> = last.into_iter().collect();
        let is_order =
            |pair: &[((i32, usize), i64)]| pair[0].0.0 != pair[1].0.0 || pair[0].1 < pair[1].1;
        ensure!(places.windows(2).all(is_order), "out of order");
        rows.sort_unstable();
        let times = rows.len();
        rows.dedup();
        let expected: Vec<usize> = (0..1_000).filter(|row| !large.contains(row)).collect();
        ensure!(rows == expected, "{} rows", rows.len());
        ensure!(!exactly_once || times == rows.len(), "{times} records for {} rows", rows.len());
        sink.close().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compacted_topic_refuses_records_without_key() -> Result<()> {
    let kafka = Kafka::shared()?;
    for exactly_once in [false, true] {
        let topic = kafka.topic("compacted", 1)?;
        kafka.delete_topic(&topic)?;
        kafka.create_topic(&topic, 1, &[("cleanup.policy", "compact")])?;
        let mut sink = sink(kafka, &topic, json!({ "exactly_once": exactly_once }));
        begin(&mut *sink).await?;
        let key = Some(&b"k"[..]);
        let batch =
            raw(1, &[(key, Some(b"1")), (None, Some(b"2")), (None, Some(b"3")), (key, Some(b"4"))]);
        let written = deliver(&mut *sink, &batch).await?;
        ensure!(dead(&written) == [(1, "refused"), (2, "refused")], "{written:?}");
        let values: Vec<_> = seen(kafka, &topic)?.into_iter().filter_map(|it| it.value).collect();
        ensure!(values == [b"1", b"4"], "{values:?}");
        sink.close().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_name_a_topic_that_is_not_there_hold_back_no_other() -> Result<()> {
    let kafka = Kafka::shared()?;
    for exactly_once in [false, true] {
        let north = kafka.topic("north", 1)?;
        let south = kafka.topic("south", 1)?;
        let options = json!({ "exactly_once": exactly_once });
        let mut sink = sink(kafka, "{name}", options);
        begin(&mut *sink).await?;
        let names = [&*north, "nowhere-to-be-found", "a b", &south, "", &north];
        let rows = names.iter().zip(0..).map(|(name, number)| ((*name).to_owned(), number));
        let written = deliver(&mut *sink, &batch(1, rows)).await?;
        let expected = [(1, "unknown-topic"), (2, "topic"), (4, "topic")];
        ensure!(dead(&written) == expected, "{written:?}");
        ensure!(numbers(kafka, &north)? == [0, 5] && numbers(kafka, &south)? == [3]);
        sink.close().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_not_there_is_waited_for() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("late", 1)?;
    kafka.delete_topic(&topic)?;
    let mut sink = sink(kafka, &topic, json!({}));
    let error = sink.connect().await.unwrap_err();
    ensure!(matches!(&error, SinkError::Transient(text) if text.contains(&topic)), "{error}");
    ensure!(error.to_string().contains("does not exist"), "{error}");
    kafka.create_topic(&topic, 1, &[])?;
    let begun = tokio::time::Instant::now();
    while let Err(error) = begin(&mut *sink).await {
        ensure!(begun.elapsed() < Duration::from_secs(20), "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // It goes while the sink runs, and comes back.
    ensure!(deliver(&mut *sink, &batch(1, keyed(0..10))).await? == Written::all());
    kafka.delete_topic(&topic)?;
    let rows = batch(2, keyed(10..20));
    let error = sink.write(&rows).await.unwrap_err();
    ensure!(matches!(error, SinkError::Transient(_) | SinkError::Disconnected(_)), "{error}");
    kafka.create_topic(&topic, 1, &[])?;
    ensure!(deliver(&mut *sink, &rows).await? == Written::all());
    let mut found = numbers(kafka, &topic)?;
    found.dedup();
    ensure!(found == (10..20).collect::<Vec<_>>(), "{found:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_are_not_there_are_dead_letters_until_they_are() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("shards", 2)?;
    let mut sink = sink(kafka, &topic, json!({ "partition": "{number}" }));
    begin(&mut *sink).await?;
    let rows = |id| batch(id, (0..4).map(|number| (String::new(), number)));
    let written = deliver(&mut *sink, &rows(1)).await?;
    ensure!(dead(&written) == [(2, "partition"), (3, "partition")], "{written:?}");
    kafka.expand_topic(&topic, 4)?;
    let written = deliver(&mut *sink, &rows(2)).await?;
    ensure!(written == Written::all(), "{written:?}");
    ensure!(numbers(kafka, &topic)? == [0, 0, 1, 1, 2, 3]);
    Ok(())
}
