//! The suite that every sink runs.

use anyhow::{Result, anyhow};
use forebay_core::testing::sink::{Promise, check};
use forebay_integration_tests::servers::Kafka;
use serde_json::json;

use crate::destination::{seen, sink};

async fn conforms(promise: Promise, exactly_once: bool) -> Result<()> {
    let kafka = Kafka::shared()?;
    // One partition, so that there is one order.
    let topic = kafka.topic("conformance", 1)?;
    let build = || sink(kafka, &topic, json!({ "exactly_once": exactly_once }));
    let visible = || {
        let records = seen(kafka, &topic).unwrap();
        let text = |value: Option<Vec<u8>>| String::from_utf8(value.unwrap()).unwrap();
        records.into_iter().map(|record| text(record.value)).collect()
    };
    let summary = check(promise, build, visible).await.map_err(|found| anyhow!("{found}"))?;
    anyhow::ensure!(summary.mixed_schemas && summary.rows > 1_000, "{summary:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn at_least_once() -> Result<()> {
    conforms(Promise::AtLeastOnce, false).await
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_once() -> Result<()> {
    conforms(Promise::ExactlyOnce, true).await
}
