//! Brokers that are away, and what is wrong at the start.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use forebay_core::source::{Resume, SourceError};
use forebay_integration_tests::port;
use forebay_integration_tests::servers::Kafka;
use forebay_integration_tests::servers::kafka::{Message, Options};

use crate::reader::{LONG, Reader, build, source};

fn numbers(from: u32, to: u32) -> impl Iterator<Item = Message> {
    (from..to).map(|number| Message::new(format!("key-{number}"), number.to_string()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_at_the_start_is_named() -> Result<()> {
    let mut source =
        build(&format!("brokers = [\"127.0.0.1:{}\"]\ntopics = [\"orders\"]", port::free()?))?;
    let error = source.connect(&Resume::default()).await.expect_err("nobody is there");
    let text = error.to_string();
    ensure!(
        matches!(error, SourceError::Disconnected(_)) && text.contains("no broker answers"),
        "{text}"
    );
    source.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_missing_is_waited_for() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = forebay_integration_tests::servers::name::unique("missing");
    let mut early = source(kafka, &format!("topics = [\"{topic}\"]\nformat = \"bytes\""))?;
    let error = early.connect(&Resume::default()).await.expect_err("there is no topic");
    ensure!(error.to_string().contains(&format!("`{topic}`: it does not exist")), "{error}");
    kafka.create_topic(&topic, 1, &[])?;
    kafka.produce(&topic, numbers(0, 5))?;
    let mut reader = Reader::connect(early).await?;
    reader.read_until(5).await?;
    reader.source.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_back_after_a_broker_was_killed_or_frozen() -> Result<()> {
    let kafka = Kafka::start(&Options::one_node())?;
    let topic = kafka.topic("orders", 4)?;
    kafka.produce(&topic, numbers(0, 1_000))?;
    let options = format!("topics = [\"{topic}\"]\nformat = \"bytes\"");
    let mut reader = Reader::connect(source(&kafka, &options)?).await?;
    reader.read_until(1_000).await?;
    let node = kafka.node(1)?;

    node.kill()?;
    let begun = Instant::now();
    let text = loop {
        match reader.splits().await {
            Err(SourceError::Transient(text)) => break text,
            Err(error) => return Err(error.into()),
            Ok(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        ensure!(begun.elapsed() < LONG, "nobody noticed");
    };
    println!("noticed after {:?}: {text}", begun.elapsed());
    ensure!(text.contains("no broker answers"), "{text}");
    node.start()?;
    kafka.produce(&topic, numbers(1_000, 2_000))?;
    let begun = Instant::now();
    reader.read_until(2_000).await?;
    let took = begun.elapsed();
    println!("read again {took:?} after the broker was back");
    ensure!(took < Duration::from_secs(5), "it took {took:?} to come back");

    node.freeze()?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    node.thaw()?;
    kafka.produce(&topic, numbers(2_000, 3_000))?;
    let begun = Instant::now();
    reader.read_until(3_000).await?;
    println!("read again {:?} after the broker was thawed", begun.elapsed());
    ensure!(begun.elapsed() < Duration::from_secs(5));
    ensure!(reader.numbers()? == (0..3_000).collect::<Vec<_>>());
    reader.ensure_order()?;
    reader.source.close().await;
    Ok(())
}
