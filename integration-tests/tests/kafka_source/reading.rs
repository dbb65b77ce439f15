//! What is read, from where to where.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use arrow::array::{Array, AsArray};
use forebay_core::source::Resume;
use forebay_core::testing::source::check;
use forebay_integration_tests::servers::Kafka;
use forebay_integration_tests::servers::kafka::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::reader::{LONG, Reader, source};

fn numbers(from: u32, to: u32) -> impl Iterator<Item = Message> {
    (from..to).map(|number| Message::new(format!("key-{}", number % 31), number.to_string()))
}

/// Writes transactions: each its numbers, committed or aborted.
pub(crate) fn transact(
    kafka: &Kafka,
    topic: &str,
    all: &[(std::ops::Range<u32>, bool)],
) -> Result<()> {
    let id = forebay_integration_tests::servers::name::unique("transactions");
    let producer: BaseProducer = kafka.client().set("transactional.id", id).create()?;
    producer.init_transactions(LONG)?;
    for (range, commits) in all {
        producer.begin_transaction()?;
        for number in range.clone() {
            let text = number.to_string();
            let record = BaseRecord::<(), str>::to(topic).payload(&text).partition(0);
            producer.send(record).map_err(|(error, _)| error)?;
        }
        producer.flush(LONG)?;
        match commits {
            true => producer.commit_transaction(LONG)?,
            false => producer.abort_transaction(LONG)?,
        }
    }
    Ok(())
}

/// The conformance suite of sources: grants, ranges, replays, restarts, crashes.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_a_source_like_any_other() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("conformance", 3)?;
    kafka.produce(&topic, numbers(0, 300))?;
    let options = format!("topics = [\"{topic}\"]\nformat = \"bytes\"");
    let open = || source(kafka, &options).expect("a source");
    let summary = check(open).await.map_err(|violation| anyhow::anyhow!("{violation:?}"))?;
    ensure!((summary.splits, summary.records) == (3, 300), "{summary:?}");
    Ok(())
}

/// The same over a topic with aborted transactions and the markers of all.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_one_over_gaps_too() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("gaps", 1)?;
    let all: Vec<_> = (0..20_u32).map(|i| (i * 10..i * 10 + 10, i % 3 != 1)).collect();
    transact(kafka, &topic, &all)?;
    let options = format!("topics = [\"{topic}\"]\nformat = \"bytes\"");
    let open = || source(kafka, &options).expect("a source");
    let summary = check(open).await.map_err(|violation| anyhow::anyhow!("{violation:?}"))?;
    ensure!((summary.splits, summary.records) == (1, 130), "{summary:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_read_when_they_are_committed() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("transactions", 1)?;
    transact(kafka, &topic, &[(0..5, true), (5..9, false), (9..12, true)])?;
    let options = format!("topics = [\"{topic}\"]\nformat = \"bytes\"");
    let mut reader = Reader::connect(source(kafka, &options)?).await?;
    reader.drain().await?;
    ensure!(reader.numbers()? == [0, 1, 2, 3, 4, 9, 10, 11], "{:?}", reader.read);
    // The last marker is passed, or a bounded run would wait for ever.
    let end = kafka.end_offsets(&topic)?[0];
    let next = reader.next.values().next().and_then(|next| next.as_u64());
    ensure!(next == u64::try_from(end).ok(), "{next:?}, not {end}");
    reader.source.close().await;

    let options = format!("{options}\nisolation = \"read_uncommitted\"");
    let mut reader = Reader::connect(source(kafka, &options)?).await?;
    reader.drain().await?;
    ensure!(reader.numbers()? == (0..12).collect::<Vec<_>>(), "{:?}", reader.read);
    reader.source.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_hold_what_was_written() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("columns", 1)?;
    let full = Message {
        timestamp: Some(1_700_000_000_123),
        headers: vec![("trace".into(), Some(b"a".to_vec())), ("none".into(), None)],
        ..Message::new("k", "v")
    };
    let tombstone = Message { value: None, ..Message::new("k", "") };
    kafka.produce(&topic, [full, tombstone, Message::of("")])?;
    let options = format!("topics = [\"{topic}\"]\nformat = \"bytes\"");
    let mut reader = Reader::connect(source(kafka, &options)?).await?;
    reader.read_until(3).await?;
    let values: Vec<_> = reader.read.iter().map(|read| read.value.as_deref()).collect();
    ensure!(values == [Some("v"), None, Some("")], "{values:?}");
    let first = &reader.slices[0].records;
    let names: Vec<_> = first.schema().fields().iter().map(|field| field.name().clone()).collect();
    let all =
        ["key", "value", "topic", "partition", "offset", "timestamp", "timestamp_type", "headers"];
    ensure!(names == all, "{names:?}");
    let headers = first.column_by_name("headers").expect("headers").as_list::<i32>();
    ensure!(headers.is_valid(0) && headers.value(0).len() == 2);
    let time = first.column_by_name("timestamp").expect("timestamp");
    let time = time.as_primitive::<arrow::datatypes::TimestampMicrosecondType>().value(0);
    ensure!(time == 1_700_000_000_123_000, "{time}");
    reader.source.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_begins_and_ends_where_it_is_told() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("starts", 1)?;
    let timed = |number: u32| Message {
        timestamp: Some(1_700_000_000_000 + i64::from(number) * 1000),
        ..Message::of(number.to_string())
    };
    kafka.produce(&topic, (0..100).map(timed))?;
    let cases = [
        ("start = \"earliest\"\nend = \"latest\"".to_owned(), 0..100),
        (format!("start = {{ offsets = {{ \"{topic}-0\" = 40 }} }}\nend = {{ offsets = {{ \"{topic}-0\" = 60 }} }}"), 40..60),
        ("start = { timestamp = \"2023-11-14T22:13:30Z\" }\nend = { timestamp = \"2023-11-14T22:13:40Z\" }".to_owned(), 10..20),
        ("start = { timestamp = \"2033-11-14T22:13:30Z\" }\nend = \"latest\"".to_owned(), 0..0),
    ];
    for (options, expected) in cases {
        let options = format!("partitions = [\"{topic}-0\"]\nformat = \"bytes\"\n{options}");
        let mut reader = Reader::connect(source(kafka, &options)?).await?;
        ensure!(reader.source.bounded());
        reader.drain().await?;
        ensure!(
            reader.numbers()? == expected.clone().collect::<Vec<u32>>(),
            "{options}: {:?}",
            reader.read
        );
        reader.source.close().await;
    }
    let options = format!("topics = [\"{topic}\"]\nformat = \"bytes\"\nstart = \"latest\"");
    let mut reader = Reader::connect(source(kafka, &options)?).await?;
    ensure!(reader.step(10).await? == 0);
    kafka.produce(&topic, numbers(100, 110))?;
    tokio::time::timeout(LONG, reader.source.ready()).await?;
    reader.read_until(10).await?;
    ensure!(reader.numbers()? == (100..110).collect::<Vec<_>>());
    reader.source.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn new_partitions_and_topics_are_read_from_their_first_record() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("growing", 1)?;
    kafka.produce(&topic, numbers(0, 10))?;
    let options = format!(
        "topics_pattern = \"{topic}.*\"\nformat = \"bytes\"\nstart = \"latest\"\ndiscover_interval = \"1s\""
    );
    let mut reader = Reader::connect(source(kafka, &options)?).await?;
    reader.drain().await?;
    kafka.expand_topic(&topic, 3)?;
    kafka.produce(
        &topic,
        (10..30).map(|number| Message::of(number.to_string()).at(1 + number % 2)),
    )?;
    let other = format!("{topic}-more");
    kafka.create_topic(&other, 1, &[])?;
    kafka.produce(&other, (30..40).map(|number| Message::of(number.to_string())))?;
    reader.read_until(30).await?;
    ensure!(reader.numbers()? == (10..40).collect::<Vec<_>>());
    reader.source.close().await;
    Ok(())
}

/// A restarted process joins no group, so its first record is there at once; and its positions
/// are copied for tools that show the lag.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_reads_at_once_from_the_checkpoint() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("restart", 2)?;
    kafka.produce(&topic, numbers(0, 1000))?;
    let group = format!("group-{topic}");
    let options = format!("topics = [\"{topic}\"]\nformat = \"bytes\"\ngroup = \"{group}\"");
    let mut reader = Reader::connect(source(kafka, &options)?).await?;
    while reader.read.len() < 400 {
        reader.step(100).await?;
    }
    reader.commit().await?;
    let resume = Resume { committed: reader.next.clone(), finished: Vec::new() };
    let first = reader.numbers()?;
    let told: u64 = reader.next.values().filter_map(|next| next.as_u64()).sum();
    reader.source.close().await;
    let noted = kafka.committed(&group, &topic)?;
    ensure!(noted.iter().flatten().sum::<i64>() == i64::try_from(told)?, "{noted:?}, not {told}");

    let begun = Instant::now();
    let mut again = Reader::resume(source(kafka, &options)?, &resume).await?;
    while again.read.is_empty() {
        again.step(100).await?;
    }
    let took = begun.elapsed();
    println!("first record after {took:?}");
    ensure!(took < Duration::from_secs(2), "the first record came after {took:?}");
    again.drain().await?;
    let mut all = first;
    all.extend(again.numbers()?);
    all.sort_unstable();
    ensure!(all == (0..1000).collect::<Vec<_>>());
    again.source.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_record_passes_and_a_small_buffer_holds() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = forebay_integration_tests::servers::name::unique("large");
    kafka.create_topic(&topic, 1, &[("max.message.bytes", "8000000")])?;
    let producer: BaseProducer = kafka.client().set("message.max.bytes", "8000000").create()?;
    let large = "7".repeat(6_000_000);
    for value in ["1", &large, "2"] {
        producer
            .send(BaseRecord::<(), str>::to(&topic).payload(value))
            .map_err(|(error, _)| error)?;
    }
    producer.flush(LONG)?;
    let options = format!("topics = [\"{topic}\"]\nformat = \"bytes\"\nbuffer = \"1MiB\"");
    let mut reader = Reader::connect(source(kafka, &options)?).await?;
    reader.read_until(3).await?;
    let sizes: Vec<_> =
        reader.read.iter().map(|read| read.value.as_deref().map_or(0, str::len)).collect();
    ensure!(sizes == [1, 6_000_000, 1], "{sizes:?}");
    reader.source.close().await;
    Ok(())
}
