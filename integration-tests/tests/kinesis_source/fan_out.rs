//! Records that are pushed, by the emulator's own event stream.

use std::time::Duration;

use anyhow::{Result, ensure};
use forebay_core::source::{Resume, SourceError};
use forebay_integration_tests::servers::Kinesis;
use forebay_integration_tests::servers::kinesis::Put;

use crate::reader::{LONG, Reader, source};

const OPTIONS: &str = "format = \"bytes\"\nfan_out = { consumer = \"forebay\", deregister = true }";

/// A reader whose consumer is ready.
async fn connected(kinesis: &Kinesis, stream: &str) -> Result<Reader> {
    let begun = tokio::time::Instant::now();
    loop {
        let mut source = source(kinesis, stream, OPTIONS)?;
        match source.connect(&Resume::default()).await {
            Ok(()) => return Reader::connect(source).await,
            Err(SourceError::Transient(text)) if text.contains("consumer") => {}
            Err(error) => return Err(error.into()),
        }
        ensure!(begun.elapsed() < LONG, "the consumer does not become ready");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_pushed_to_a_consumer_that_is_registered_and_goes_again() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let stream = kinesis.stream("pushed", 2)?;
    let put = |from: u32| {
        let records = (from..from + 200).map(|it| Put::new(format!("k{it}"), it.to_string()));
        kinesis.put(&stream, records)
    };
    put(0)?;
    let mut reader = connected(kinesis, &stream).await?;
    reader.read_so_many(200).await?;
    ensure!(kinesis.consumers(&stream)? == ["forebay"]);
    // What arrives later comes by the same subscriptions.
    put(200)?;
    reader.read_so_many(400).await?;
    let mut numbers: Vec<u32> = Vec::new();
    for data in &reader.read {
        numbers.push(std::str::from_utf8(data)?.parse()?);
    }
    numbers.sort_unstable();
    ensure!(numbers == (0..400).collect::<Vec<_>>(), "{numbers:?}");
    let observed = reader.source.observe().map(|it| it.observe()).unwrap_or_default();
    ensure!(observed["subscriptions"] == 2, "{observed}");
    reader.source.close().await;
    ensure!(kinesis.consumers(&stream)?.is_empty());
    Ok(())
}
