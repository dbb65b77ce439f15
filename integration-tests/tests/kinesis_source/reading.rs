//! Reading in general.

use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use forebay_core::testing::source::check;
use forebay_integration_tests::servers::Kinesis;
use forebay_integration_tests::servers::kinesis::Put;

use crate::reader::{Reader, source};

fn numbers(range: std::ops::Range<u32>) -> impl Iterator<Item = Put> {
    range.map(|number| Put::new(format!("key-{}", number % 17), number.to_string()))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_a_source_like_any_other() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let stream = kinesis.stream("conformance", 3)?;
    kinesis.put(&stream, numbers(0..200))?;
    let open = || source(kinesis, &stream, "format = \"bytes\"").unwrap();
    let summary = check(open).await.map_err(|found| anyhow!("{found}"))?;
    ensure!(summary.records == 200 && summary.splits == 3, "{summary:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregate_is_taken_apart() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let stream = kinesis.stream("aggregate", 1)?;
    // Made by another program.
    let digits = "f3899ac20a026b310a026b321201371a0708001a036f6e651a09080110001a0374776f138f9b8c235582207ecec77f28632ea7";
    let digits: Vec<char> = digits.chars().collect();
    let bytes = digits.chunks(2).map(|pair| u8::from_str_radix(&String::from_iter(pair), 16));
    let bytes = bytes.collect::<Result<Vec<u8>, _>>()?;
    kinesis.put(&stream, [Put::new("a", "plain"), Put::new("a", bytes)])?;
    let mut reader = Reader::connect(source(kinesis, &stream, "format = \"bytes\"")?).await?;
    reader.read_so_many(3).await?;
    ensure!(reader.read == [&b"plain"[..], b"one", b"two"], "{:?}", reader.read);
    reader.source.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_begins_where_it_is_told_to() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let stream = kinesis.stream("starts", 1)?;
    kinesis.put(&stream, numbers(0..10))?;
    // The clocks are the same; what arrived in the same millisecond is not to matter.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let between = jiff::Timestamp::now();
    let options = "format = \"bytes\"\nstart = \"latest\"\npoll_interval = \"200ms\"";
    let mut latest = Reader::connect(source(kinesis, &stream, options)?).await?;
    kinesis.put(&stream, numbers(10..15))?;
    latest.read_so_many(5).await?;
    ensure!(latest.read[0] == b"10" && latest.read.len() == 5, "{:?}", latest.read);
    latest.source.close().await;

    let fourth = &kinesis.read(&stream)?[3];
    let fourth = format!("{{ {} = \"{}\" }}", fourth.shard, fourth.sequence);
    for (start, first) in [
        ("\"trim_horizon\"".to_owned(), 0),
        // A time that is long over: all that there is.
        ("{ timestamp = \"2026-01-31T08:00:00Z\" }".to_owned(), 0),
        (format!("{{ timestamp = \"{between}\" }}"), 10),
        (format!("{{ sequence_numbers = {fourth} }}"), 3),
    ] {
        let options = format!("format = \"bytes\"\nstart = {start}");
        let mut reader = Reader::connect(source(kinesis, &stream, &options)?).await?;
        let expected: Vec<_> = (first..15_u32).map(|it| it.to_string().into_bytes()).collect();
        reader.read_so_many(expected.len()).await?;
        ensure!(reader.read == expected, "{start}: {:?}", reader.read);
        reader.source.close().await;
    }
    Ok(())
}
