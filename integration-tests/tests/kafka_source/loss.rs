//! Records that are gone before they were read.

use anyhow::{Result, ensure};
use forebay_core::source::{Resume, SourceError};
use forebay_integration_tests::servers::Kafka;
use forebay_integration_tests::servers::kafka::Message;
use futures::executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::reader::{Reader, source};

fn numbers(from: u32, to: u32) -> impl Iterator<Item = Message> {
    (from..to).map(|number| Message::of(number.to_string()))
}

fn delete_before(kafka: &Kafka, topic: &str, offset: i64) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = kafka.client().create()?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Offset(offset))?;
    block_on(admin.delete_records(&list, &AdminOptions::new()))?;
    Ok(())
}

fn at(topic: &str, offset: u64) -> Resume {
    let committed = [(format!("{topic}-0").into(), offset.into())].into();
    Resume { committed, finished: Vec::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_that_ran_past_the_position_follows_the_policy() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("retention", 1)?;
    kafka.produce(&topic, numbers(0, 100))?;
    delete_before(kafka, &topic, 60)?;
    let options = format!("topics = [\"{topic}\"]\nformat = \"bytes\"");

    let mut fails = Reader::resume(source(kafka, &options)?, &at(&topic, 20)).await?;
    let error = fails.until_failure().await?;
    ensure!(
        matches!(&error, SourceError::Lost(text) if text.contains("20 to 59") && text.contains("(40 of them)")),
        "{error}"
    );
    fails.source.close().await;

    let earliest = format!("{options}\non_loss = \"earliest\"");
    let mut goes_on = Reader::resume(source(kafka, &earliest)?, &at(&topic, 20)).await?;
    goes_on.drain().await?;
    ensure!(goes_on.numbers()? == (60..100).collect::<Vec<_>>());
    let first = &goes_on.slices[0].range;
    ensure!(first.from.as_u64() == Some(20), "{first:?} leaves a gap in the ranges");
    let seen = goes_on.observed().await;
    ensure!(seen["lost_offsets"] == 40 && seen["losses"] == 1, "{seen}");
    goes_on.source.close().await;

    let latest = format!("{options}\non_loss = \"latest\"");
    let mut skips = Reader::resume(source(kafka, &latest)?, &at(&topic, 20)).await?;
    skips.drain().await?;
    ensure!(skips.read.is_empty(), "{:?}", skips.read);
    kafka.produce(&topic, numbers(100, 105))?;
    skips.read_until(5).await?;
    ensure!(skips.observed().await["lost_offsets"] == 80);
    skips.source.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_while_it_is_read_is_seen_too() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("vanishing", 1)?;
    kafka.produce(&topic, numbers(0, 50_000))?;
    // A small buffer, so that not all is fetched when the rest is deleted.
    let options = format!(
        "topics = [\"{topic}\"]\nformat = \"bytes\"\nbuffer = \"1MiB\"\non_loss = \"earliest\""
    );
    let mut reader = Reader::connect(source(kafka, &options)?).await?;
    reader.step(100).await?;
    delete_before(kafka, &topic, 49_990)?;
    // Whoever goes back to what is gone is told.
    let next = reader.next.values_mut().next().expect("a split");
    *next = 10_u64.into();
    reader.read.clear();
    reader.drain().await?;
    ensure!(reader.numbers()?.ends_with(&[49_998, 49_999]));
    reader.ensure_order()?;
    let seen = reader.observed().await;
    ensure!(seen["lost_offsets"] == 49_980, "{seen}");
    reader.source.close().await;
    Ok(())
}

/// By its id: the new topic has records at the old offsets, so that nothing else would tell.
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_made_anew_is_noticed_at_offsets_that_exist() -> Result<()> {
    let kafka = Kafka::shared()?;
    for policy in ["earliest", "fail"] {
        let topic = kafka.topic("anew", 1)?;
        kafka.produce(&topic, numbers(0, 50))?;
        let options = format!(
            "topics = [\"{topic}\"]\nformat = \"bytes\"\non_loss = \"{policy}\"\ndiscover_interval = \"1s\""
        );
        let mut reader = Reader::connect(source(kafka, &options)?).await?;
        reader.read_until(50).await?;
        kafka.delete_topic(&topic)?;
        kafka.create_topic(&topic, 1, &[])?;
        kafka.produce(&topic, numbers(1000, 1100))?;
        if policy == "fail" {
            let error = reader.until_failure().await?;
            ensure!(
                matches!(&error, SourceError::Lost(text) if text.contains("made anew")),
                "{error}"
            );
        } else {
            reader.read_until(150).await?;
            let expected: Vec<u32> = (0..50).chain(1000..1100).collect();
            ensure!(reader.numbers()? == expected, "{:?}", reader.read);
            ensure!(reader.observed().await["losses"] == 1);
        }
        reader.source.close().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_past_the_end_follows_the_policy() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("short", 1)?;
    kafka.produce(&topic, numbers(0, 10))?;
    let options = format!("topics = [\"{topic}\"]\nformat = \"bytes\"");
    let mut fails = Reader::resume(source(kafka, &options)?, &at(&topic, 500)).await?;
    let error = fails.until_failure().await?;
    ensure!(
        matches!(&error, SourceError::Lost(text) if text.contains("now ends at 10")),
        "{error}"
    );
    fails.source.close().await;
    let earliest = format!("{options}\non_loss = \"earliest\"");
    let mut goes_on = Reader::resume(source(kafka, &earliest)?, &at(&topic, 500)).await?;
    goes_on.read_until(10).await?;
    goes_on.source.close().await;
    Ok(())
}
