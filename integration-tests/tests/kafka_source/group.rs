//! Gateways that share topics.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use forebay_core::SplitId;
use forebay_core::split::SplitPhase;
use forebay_integration_tests::servers::Kafka;
use forebay_integration_tests::servers::kafka::Message;

use crate::reader::{LONG, Reader, source};

fn numbers(from: u32, to: u32) -> impl Iterator<Item = Message> {
    (from..to).map(|number| Message::new(format!("key-{number}"), number.to_string()))
}

fn options(topic: &str) -> String {
    format!(
        "topics = [\"{topic}\"]\nformat = \"bytes\"\nassign = \"group\"\ngroup = \"g-{topic}\"\nsession_timeout = \"6s\"\ndrain_timeout = \"10s\""
    )
}

/// The splits of a reader, the leaving ones apart.
async fn owned(reader: &mut Reader) -> Result<(BTreeSet<SplitId>, Vec<SplitId>)> {
    let all = reader.splits().await?;
    let (leaving, stay): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|it| it.phase == SplitPhase::Leaving);
    let ids = |all: Vec<forebay_core::split::SplitStatus>| all.into_iter().map(|it| it.split);
    Ok((ids(stay).collect(), ids(leaving).collect()))
}

/// Waits until a reader owns so many splits; what leaves is committed and released.
async fn until_owned(readers: &mut [&mut Reader], counts: &[usize]) -> Result<Duration> {
    let begun = Instant::now();
    loop {
        let mut is_right = true;
        for (reader, count) in readers.iter_mut().zip(counts) {
            let (stay, leaving) = owned(reader).await?;
            if !leaving.is_empty() {
                reader.commit().await?;
                reader.source.release(&leaving).await?;
            }
            is_right &= stay.len() == *count && leaving.is_empty();
        }
        if is_right {
            return Ok(begun.elapsed());
        }
        ensure!(begun.elapsed() < LONG, "the group did not settle at {counts:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_moves_with_its_position_and_nothing_is_read_twice() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("shared", 4)?;
    kafka.produce(&topic, numbers(0, 2_000))?;
    let mut first = Reader::connect(source(kafka, &options(&topic))?).await?;
    let took = until_owned(&mut [&mut first], &[4]).await?;
    println!("the first member owns all after {took:?}");
    while first.read.len() < 800 {
        first.step(100).await?;
    }
    // Read and not committed when the second comes: it has to be committed before it goes.
    let mut second = Reader::connect(source(kafka, &options(&topic))?).await?;
    let took = until_owned(&mut [&mut first, &mut second], &[2, 2]).await?;
    println!("two members share after {took:?}");
    let (of_first, _) = owned(&mut first).await?;
    let (of_second, _) = owned(&mut second).await?;
    ensure!(of_first.is_disjoint(&of_second), "{of_first:?} {of_second:?}");
    kafka.produce(&topic, numbers(2_000, 3_000))?;
    first.drain().await?;
    second.drain().await?;
    let mut all = first.numbers()?;
    all.extend(second.numbers()?);
    all.sort_unstable();
    ensure!(all == (0..3_000).collect::<Vec<_>>(), "{} of 3000 records", all.len());
    first.ensure_order()?;
    second.ensure_order()?;

    // A member that leaves hands over at once.
    second.commit().await?;
    second.source.close().await;
    let took = until_owned(&mut [&mut first], &[4]).await?;
    println!("the first member owns all again after {took:?}");
    kafka.produce(&topic, numbers(3_000, 3_400))?;
    let before = first.read.len();
    first.read_until(before + 400).await?;
    first.commit().await?;
    first.source.close().await;
    ensure!(kafka.committed(&format!("g-{topic}"), &topic)?.iter().flatten().sum::<i64>() == 3_400);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn generations_rise_and_old_ones_are_not_committed() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("generations", 1)?;
    kafka.produce(&topic, numbers(0, 100))?;
    let mut first = Reader::connect(source(kafka, &options(&topic))?).await?;
    until_owned(&mut [&mut first], &[1]).await?;
    let old = first.splits().await?[0].generation;
    first.read_until(100).await?;
    first.commit().await?;
    first.source.close().await;

    let mut second = Reader::connect(source(kafka, &options(&topic))?).await?;
    until_owned(&mut [&mut second], &[1]).await?;
    let status = second.splits().await?.remove(0);
    ensure!(status.generation > old, "{} is not above {old}", status.generation);
    ensure!(status.start.as_u64() == Some(100), "{status:?}");
    let stale = forebay_core::source::Committed {
        split: status.split,
        generation: old,
        position: 3_u64.into(),
        finished: false,
    };
    second.source.commit(&[stale]).await?;
    second.source.close().await;
    ensure!(kafka.committed(&format!("g-{topic}"), &topic)? == [Some(100)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_member_comes_back_without_a_rebalance() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("static", 2)?;
    kafka.produce(&topic, numbers(0, 100))?;
    let own = |id: &str| format!("{}\ninstance_id = \"{id}\"", options(&topic));
    let mut first = Reader::connect(source(kafka, &own("a"))?).await?;
    let mut second = Reader::connect(source(kafka, &own("b"))?).await?;
    until_owned(&mut [&mut first, &mut second], &[1, 1]).await?;
    second.source.close().await;
    let mut second = Reader::connect(source(kafka, &own("b"))?).await?;
    until_owned(&mut [&mut second], &[1]).await?;
    let (stay, leaving) = owned(&mut first).await?;
    ensure!((stay.len(), leaving.len()) == (1, 0), "the other member was disturbed");
    first.source.close().await;
    second.source.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_drained_in_time_goes_all_the_same() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("late", 2)?;
    kafka.produce(&topic, numbers(0, 100))?;
    let hasty = options(&topic).replace("drain_timeout = \"10s\"", "drain_timeout = \"1s\"");
    let mut first = Reader::connect(source(kafka, &hasty)?).await?;
    until_owned(&mut [&mut first], &[2]).await?;
    first.read_until(100).await?;
    // Nobody releases what the first has to give.
    let mut second = Reader::connect(source(kafka, &hasty)?).await?;
    let begun = Instant::now();
    while owned(&mut second).await?.0.is_empty() {
        ensure!(begun.elapsed() < LONG, "the second member gets nothing");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // It was never committed, so it is read again there.
    second.drain().await?;
    ensure!(!second.read.is_empty());
    ensure!(first.observed().await["undrained"] == 1, "{}", first.observed().await);
    first.source.close().await;
    second.source.close().await;
    Ok(())
}
