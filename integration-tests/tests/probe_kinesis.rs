//! Guarantees: `forebay probe` finds of a Kinesis stream and its table of leases the first step
//! that fails (the port, the stream, the table), says what to do, takes no lease and makes no table
//! on the way.

use anyhow::{Result, ensure};
use forebay_integration_tests::servers::kinesis::Put;
use forebay_integration_tests::servers::{DynamoDb, Kinesis};
use forebay_integration_tests::{Probed, Scene};

fn scene(options: &str, from: &str, to: &str, leases: &str) -> Result<Scene> {
    Scene::new(&format!(
        r#"
[sources.orders]
type = "kinesis"
stream = "{from}"
format = "json"
schema = {{ id = "bigint" }}
{options}
{leases}

[sinks.copy]
type = "kinesis"
stream = "{to}"
{options}

[pipelines.p]
from = ["orders"]
to = ["copy"]
"#
    ))
}

#[test]
fn the_first_step_that_fails_is_found_and_nothing_is_left_behind() -> Result<()> {
    let (kinesis, dynamo) = (Kinesis::start()?, DynamoDb::shared()?);
    let (from, to) = (kinesis.stream("from", 2)?, kinesis.stream("to", 1)?);
    kinesis.put(&from, [Put::new("k", "{\"id\":1}")])?;
    let options = kinesis.options();

    // All well.
    let well = scene(&options, &from, &to, "")?;
    let mut steps = vec!["name", "port", "credentials", "identity", "stream", "shards", "records"];
    Probed::of(&well, "sources.orders")?.expect(&steps, true, "can be read")?;
    let written = ["name", "port", "credentials", "identity", "stream", "columns"];
    Probed::of(&well, "sinks.copy")?.expect(&written, true, "they fit")?;

    // With leases: a table that is not there yet, and one that is.
    steps.push("leases");
    let name = dynamo.table_name("probed");
    let fresh = scene(&options, &from, &to, &dynamo.leases(&name, "create = true"))?;
    Probed::of(&fresh, "sources.orders")?.expect(&steps, true, "it is made at the start")?;
    ensure!(dynamo.rows(&name).is_err(), "a probe makes no table");
    let fixed = scene(&options, &from, &to, &dynamo.leases(&name, "create = false"))?;
    Probed::of(&fixed, "sources.orders")?.expect(&steps, false, "there is no table")?;
    let table = dynamo.lease_table("probed", &[])?;
    let shared = scene(&options, &from, &to, &dynamo.leases(&table, "create = false"))?;
    Probed::of(&shared, "sources.orders")?.expect(&steps, true, "0 leases, of 0 workers")?;
    ensure!(dynamo.rows(&table)?.is_empty(), "a probe takes no lease");

    // A stream that is not there, nothing that says who this is, and nobody who answers.
    let lost = scene(&options, "nowhere", "nowhere-else", "")?;
    let steps = ["name", "port", "credentials", "identity", "stream"];
    Probed::of(&lost, "sources.orders")?.expect(&steps, false, "`nowhere` cannot be used")?;
    Probed::of(&lost, "sinks.copy")?.expect(&steps, false, "`nowhere-else` cannot be used")?;
    drop(kinesis);
    Probed::of(&well, "sources.orders")?.expect(&["name", "port"], false, "refused")?;
    Probed::of(&well, "sinks.copy")?.expect(&["name", "port"], false, "refused")?;
    ensure!(!well.path("checkpoints").exists(), "a probe makes no folders");
    Ok(())
}
