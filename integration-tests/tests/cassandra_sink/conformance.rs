//! The sink keeps the contract of all sinks.

use anyhow::{Result, anyhow};
use forebay_core::testing::sink::{Promise, check};
use forebay_integration_tests::servers::Cassandra;

use super::writer::{build, settings};

#[tokio::test(flavor = "multi_thread")]
async fn the_sink_conforms() -> Result<()> {
    let cassandra = Cassandra::shared()?;
    let keyspace = cassandra.keyspace("conformance")?;
    let table = format!("{keyspace}.rows");
    cassandra.execute(&format!(
        "CREATE TABLE {table} (part int, text text, id bigint, weight double, PRIMARY KEY (text))"
    ))?;
    let settings = settings(cassandra, &table, "")?;
    let build = || build(settings.clone()).expect("the options are right");
    let visible = || {
        let rows = cassandra.query::<(String,)>(&format!("SELECT text FROM {table}"));
        let mut texts: Vec<String> =
            rows.expect("the server answers").into_iter().map(|row| row.0).collect();
        texts.sort();
        texts
    };
    let summary = check(Promise::ExactlyOnce, build, visible).await;
    let summary = summary.map_err(|violation| anyhow!("{violation}"))?;
    assert!(summary.rows > 1_000 && summary.mixed_schemas, "{summary:?}");
    Ok(())
}
