//! Guarantees: `forebay probe` finds of a Cassandra cluster the first step that fails (the port,
//! the login, the table, a column, the right to write), says what to do, and writes no row on the way.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::servers::Cassandra;
use forebay_integration_tests::servers::cassandra::Options;
use forebay_integration_tests::{Probed, Scene, wait};

const LONG: Duration = Duration::from_secs(30);

fn scene(host: &str, table: &str, password: &str) -> Result<Scene> {
    scene_of(host, table, "cassandra", password)
}

fn scene_of(host: &str, table: &str, user: &str, password: &str) -> Result<Scene> {
    Scene::new(&format!(
        r#"
[sources.orders]
type = "generator"
as = "json"
format = "json"
schema = {{ id = "bigint", name = "text" }}

[sinks.shop]
type = "cassandra"
hosts = ["{host}"]
table = "{table}"
username = "{user}"
password = "{password}"

[pipelines.p]
from = ["orders"]
to = ["shop"]
"#
    ))
}

#[test]
fn the_first_step_that_fails_is_found_and_nothing_is_left_behind() -> Result<()> {
    let cassandra = Cassandra::start(&Options::one_node().with_password())?;
    let host = cassandra.contact_points().first().context("a host")?.clone();
    let keyspace = cassandra.keyspace("probe")?;
    let (table, narrow) = (format!("{keyspace}.orders"), format!("{keyspace}.narrow"));
    cassandra.execute(&format!("CREATE TABLE {table} (id bigint PRIMARY KEY, name text)"))?;
    cassandra.execute(&format!("CREATE TABLE {narrow} (id bigint PRIMARY KEY)"))?;

    let well = scene(&host, &table, "cassandra")?;
    let all = ["name", "port", "login", "metadata", "table", "columns", "write"];
    Probed::of(&well, "sinks.shop")?.expect(&all, true, "it is allowed")?;
    ensure!(cassandra.count(&table)? == 0, "a probe writes nothing");

    let stranger = Probed::of(&scene(&host, &table, "wrong")?, "sinks.shop")?;
    stranger.expect(&all[..3], false, "password")?;
    let missing = format!("{keyspace}.nothing");
    let missing = Probed::of(&scene(&host, &missing, "cassandra")?, "sinks.shop")?;
    missing.expect(&all[..5], false, "there is no table")?;
    let misfit = Probed::of(&scene(&host, &narrow, "cassandra")?, "sinks.shop")?;
    misfit.expect(&all[..6], false, "name")?;

    // Who may only look, and who may write.
    cassandra.execute("CREATE ROLE clerk WITH PASSWORD = 'pen' AND LOGIN = true")?;
    cassandra.execute(&format!("GRANT SELECT ON {table} TO clerk"))?;
    let clerk = scene_of(&host, &table, "clerk", "pen")?;
    let told = Probed::of(&clerk, "sinks.shop")?;
    told.expect(&all, false, "grant MODIFY")?;
    cassandra.execute(&format!("GRANT MODIFY ON {table} TO clerk"))?;
    wait::until("the right to write", LONG, || {
        Ok(Probed::of(&clerk, "sinks.shop")?.expect(&all, true, "it is allowed").ok())
    })?;
    // Counters are written by another statement, and looked at by the same.
    let counters = format!("{keyspace}.counters");
    cassandra.execute(&format!(
        "CREATE TABLE {counters} (name text, id bigint, n counter, PRIMARY KEY ((name, id)))"
    ))?;
    let counts = Probed::of(&scene(&host, &counters, "cassandra")?, "sinks.shop")?;
    ensure!(counts.steps[..5] == all[..5], "{counts:?}");
    ensure!(cassandra.count(&table)? == 0, "a probe writes nothing");

    drop(cassandra);
    Probed::of(&well, "sinks.shop")?.expect(&all[..2], false, "refused")
}
