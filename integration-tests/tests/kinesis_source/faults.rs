//! What breaks, and how the source comes back.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use forebay_core::source::{Resume, SourceError};
use forebay_integration_tests::port;
use forebay_integration_tests::servers::kinesis::{Put, Throttling};
use forebay_integration_tests::servers::{Kinesis, Proxy};
use tokio::time::Instant;

use crate::reader::{LONG, Reader, build};

fn options(address: SocketAddr, stream: &str) -> String {
    format!(
        "stream = \"{stream}\"\nformat = \"bytes\"\ntimeout = \"1s\"\n{}",
        Kinesis::options_at(address)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_away_at_the_start_is_named() -> Result<()> {
    let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, port::free()?));
    let mut source = build(&options(nobody, "orders"))?;
    let error = source.connect(&Resume::default()).await.err().context("it connects")?;
    let SourceError::Transient(text) = &error else { bail!("{error:?}") };
    ensure!(text.contains("onnect"), "{text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_nobody_made_is_named() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let mut source = build(&options(kinesis.address(), "nobody-made-it"))?;
    let error = source.connect(&Resume::default()).await.err().context("it connects")?;
    ensure!(error.to_string().contains("no such stream"), "{error}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_back_after_the_network_was_cut() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let stream = kinesis.stream("cut", 2)?;
    let network = Proxy::before(kinesis.address())?;
    let record = |number: u32| Put::new(number.to_string(), number.to_string());
    kinesis.put(&stream, (0..50).map(record))?;
    let mut reader = Reader::connect(build(&options(network.address(), &stream))?).await?;
    reader.read_so_many(50).await?;

    network.refuse();
    kinesis.put(&stream, (50..100).map(record))?;
    let deadline = Instant::now() + LONG;
    let error = loop {
        ensure!(Instant::now() < deadline, "nobody notices");
        if let Err(error) = reader.step().await {
            break error;
        }
    };
    ensure!(matches!(error, SourceError::Transient(_)), "{error:?}");
    network.mend();
    reader.read_so_many(100).await?;

    // Connections stay open, and nobody answers.
    network.hold();
    kinesis.put(&stream, (100..150).map(record))?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    network.mend();
    reader.read_so_many(150).await?;
    let mut numbers: Vec<u32> =
        reader.read.iter().map(|data| String::from_utf8_lossy(data).parse().unwrap()).collect();
    numbers.sort_unstable();
    ensure!(numbers == (0..150).collect::<Vec<u32>>(), "{numbers:?}");
    reader.source.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_refuses_now_and_then_is_read_all_the_same() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let stream = kinesis.stream("throttled", 1)?;
    let service = Throttling::before(kinesis)?;
    kinesis.put(&stream, (0..200).map(|it: u32| Put::new("one", it.to_string())))?;
    let options = format!("{}\nmax_records = 50", options(service.address(), &stream));
    let mut reader = Reader::connect(build(&options)?).await?;
    reader.read_so_many(200).await?;
    let expected: Vec<_> = (0..200_u32).map(|it| it.to_string().into_bytes()).collect();
    ensure!(reader.read == expected, "{:?}", reader.read);
    for kind in [
        "ProvisionedThroughputExceededException",
        "InternalFailure",
        "ExpiredIteratorException",
        Throttling::UNAVAILABLE,
    ] {
        ensure!(service.made_up(kind) > 0, "`{kind}` never came");
    }
    let observed = reader.source.observe().map(|it| it.observe()).unwrap_or_default();
    let counted = |what: &str| observed[what].as_u64().unwrap_or_default();
    ensure!(counted("throttled") > 0 && counted("renewed") > 0, "{observed}");
    reader.source.close().await;
    Ok(())
}
