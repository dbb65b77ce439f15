//! Guarantees: `forebay probe` finds of a Cassandra cluster the first step that fails (the port,
//! the login, the table, a column), says what to do, and writes no row on the way.

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::servers::Cassandra;
use forebay_integration_tests::servers::cassandra::Options;
use forebay_integration_tests::{Probed, Scene};

fn scene(host: &str, table: &str, password: &str) -> Result<Scene> {
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
username = "cassandra"
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
    let all = ["name", "port", "login", "metadata", "table", "columns"];
    Probed::of(&well, "sinks.shop")?.expect(&all, true, "2 are filled")?;
    ensure!(cassandra.count(&table)? == 0, "a probe writes nothing");

    let stranger = Probed::of(&scene(&host, &table, "wrong")?, "sinks.shop")?;
    stranger.expect(&all[..3], false, "password")?;
    let missing = format!("{keyspace}.nothing");
    let missing = Probed::of(&scene(&host, &missing, "cassandra")?, "sinks.shop")?;
    missing.expect(&all[..5], false, "there is no table")?;
    let misfit = Probed::of(&scene(&host, &narrow, "cassandra")?, "sinks.shop")?;
    misfit.expect(&all, false, "name")?;

    drop(cassandra);
    Probed::of(&well, "sinks.shop")?.expect(&all[..2], false, "refused")
}
