//! With `exactly_once`, each record is seen once, whatever comes again.

use anyhow::{Result, ensure};
use forebay_core::Batch;
use forebay_core::sink::{SinkError, Written};
use forebay_integration_tests::servers::Kafka;
use serde_json::{Value, json};

use crate::destination::{
    batch, begin, deliver, each_once_in_order, keyed, numbers, raw, seen, sink,
};

fn once() -> Value {
    json!({ "exactly_once": true, "key": "{name}" })
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_come_again_are_recognised_by_a_new_process() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("again", 3)?;
    let batches: Vec<Batch> =
        (0..5).map(|id| batch(id as u64 + 1, keyed(id * 100..id * 100 + 100))).collect();
    // Each process writes again what the one before wrote, and one batch more.
    for last in 1..=batches.len() {
        let mut sink = sink(kafka, &topic, once());
        begin(&mut *sink).await?;
        for batch in &batches[..last] {
            ensure!(deliver(&mut *sink, batch).await? == Written::all());
        }
        // It is not closed: this is a process that was killed.
    }
    each_once_in_order(&seen(kafka, &topic)?, 500)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_was_begun_anew_writes_anew_and_an_old_copy_is_refused() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("lives", 1)?;
    let mut first = sink(kafka, &topic, once());
    begin(&mut *first).await?;
    deliver(&mut *first, &batch(7, keyed(0..10))).await?;
    // A copy of the checkpoint plans batch 7 later than the original did, or an older number
    // after it.
    for (id, time_ms) in [(7, 71), (6, 200)] {
        let copy = Batch { time_ms, ..batch(id, keyed(10..20)) };
        let error = first.write(&copy).await.unwrap_err();
        ensure!(matches!(&error, SinkError::Fatal(text) if text.contains("older")), "{error}");
    }
    let anew = Batch { lineage: "two".into(), ..batch(1, keyed(10..20)) };
    ensure!(deliver(&mut *first, &anew).await? == Written::all());
    let mut second = sink(kafka, &topic, once());
    begin(&mut *second).await?;
    ensure!(deliver(&mut *second, &anew).await? == Written::all());
    each_once_in_order(&seen(kafka, &topic)?, 20)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_process_is_shut_out() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("zombie", 2)?;
    let mut zombie = sink(kafka, &topic, once());
    begin(&mut *zombie).await?;
    deliver(&mut *zombie, &batch(1, keyed(0..50))).await?;
    let mut heir = sink(kafka, &topic, once());
    begin(&mut *heir).await?;
    let error = zombie.write(&batch(2, keyed(50..100))).await.unwrap_err();
    ensure!(
        matches!(&error, SinkError::Fatal(text) if text.contains("another process")),
        "{error}"
    );
    deliver(&mut *heir, &batch(1, keyed(0..50))).await?;
    deliver(&mut *heir, &batch(2, keyed(50..100))).await?;
    each_once_in_order(&seen(kafka, &topic)?, 100)
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_that_rows_name_are_asked_for_the_mark() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topics = [kafka.topic("mark-a", 1)?, kafka.topic("mark-b", 2)?, kafka.topic("mark-c", 1)?];
    let to = |id: u64, numbers: [i64; 2]| {
        let name = |number: i64| topics[usize::try_from(number).unwrap() % 3].clone();
        batch(id, numbers.map(|number| (name(number), number)))
    };
    let batches = [to(1, [0, 3]), to(2, [1, 4]), to(3, [2, 5])];
    let options = || json!({ "exactly_once": true, "transactional_id": topics[0] });
    let mut first = sink(kafka, "{name}", options());
    begin(&mut *first).await?;
    for batch in &batches {
        ensure!(deliver(&mut *first, batch).await? == Written::all());
    }
    // Each batch alone is known by a mark at its own topic.
    for batch in &batches {
        let mut next = sink(kafka, "{name}", options());
        begin(&mut *next).await?;
        ensure!(deliver(&mut *next, batch).await? == Written::all());
    }
    for (topic, expected) in topics.iter().zip([[0, 3], [1, 4], [2, 5]]) {
        let mut found = numbers(kafka, topic)?;
        found.sort_unstable();
        ensure!(found == expected, "{topic}: {found:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_left_out_are_told_again_when_their_batch_comes_again() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("left-out", 1)?;
    kafka.delete_topic(&topic)?;
    kafka.create_topic(&topic, 1, &[("cleanup.policy", "compact")])?;
    let options = || json!({ "exactly_once": true, "max_record_bytes": "1000B" });
    let large = vec![b'x'; 2_000];
    let key = Some(&b"k"[..]);
    // One is refused by the brokers, one says itself that it is too large.
    let mixed = raw(1, &[(key, Some(b"1")), (None, Some(b"2")), (key, Some(&large))]);
    let rows = |written: Written| {
        let mut rows: Vec<_> = written.rejected.iter().map(|rejected| rejected.row).collect();
        rows.sort_unstable();
        rows
    };
    let mut first = sink(kafka, &topic, options());
    begin(&mut *first).await?;
    ensure!(rows(deliver(&mut *first, &mixed).await?) == [1, 2]);
    ensure!(rows(deliver(&mut *first, &raw(2, &[(key, Some(b"3"))])).await?) == [0; 0]);
    let mut second = sink(kafka, &topic, options());
    begin(&mut *second).await?;
    ensure!(rows(deliver(&mut *second, &mixed).await?) == [1, 2]);
    // With other options, other rows would be left out: nobody may guess which were.
    let mut third = sink(kafka, &topic, json!({ "exactly_once": true }));
    begin(&mut *third).await?;
    let error = third.write(&mixed).await.unwrap_err();
    ensure!(matches!(&error, SinkError::Fatal(text) if text.contains("options")), "{error}");
    let values: Vec<_> = seen(kafka, &topic)?.into_iter().filter_map(|it| it.value).collect();
    ensure!(values == [b"1", b"3"], "{values:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_was_created_anew_holds_what_comes_after() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("anew", 1)?;
    let mut first = sink(kafka, &topic, once());
    begin(&mut *first).await?;
    deliver(&mut *first, &batch(1, keyed(0..10))).await?;
    kafka.delete_topic(&topic)?;
    kafka.create_topic(&topic, 1, &[])?;
    // The mark went with the topic, so the batch is written again: once in this topic.
    let mut second = sink(kafka, &topic, once());
    begin(&mut *second).await?;
    for _ in 0..2 {
        deliver(&mut *second, &batch(1, keyed(0..10))).await?;
    }
    each_once_in_order(&seen(kafka, &topic)?, 10)
}
