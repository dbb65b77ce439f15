//! Guarantees: `forebay probe` finds of a Kafka cluster the first step that fails (the port, the
//! login, TLS, the topic, the right to write), says what to do, and joins no group and writes nothing on the way.

use std::time::Duration;

use anyhow::{Result, ensure};
use forebay_clients::testing::Authority;
use forebay_integration_tests::servers::Kafka;
use forebay_integration_tests::servers::kafka::{Isolation, Listener, Message, Options};
use forebay_integration_tests::{Probed, Scene, wait};

const LONG: Duration = Duration::from_secs(30);

/// Kafka to Kafka, over one listener.
fn scene(brokers: &str, from: &str, to: &str, security: &str) -> Result<Scene> {
    Scene::new(&format!(
        r#"
[sources.orders]
type = "kafka"
brokers = ["{brokers}"]
topics = ["{from}"]
assign = "group"
group = "probed"
format = "json"
schema = {{ id = "bigint" }}
{security}

[sinks.copy]
type = "kafka"
brokers = ["{brokers}"]
topic = "{to}"
exactly_once = false
{security}

[pipelines.p]
from = ["orders"]
to = ["copy"]
"#
    ))
}

#[test]
fn the_first_step_that_fails_is_found_and_nothing_is_left_behind() -> Result<()> {
    let authority = Authority::new()?;
    let kafka = Kafka::start(&Options::one_node().secured(&authority)?)?;
    let (from, to) = (kafka.topic("from", 3)?, kafka.topic("to", 2)?);
    kafka.produce(&from, (0..10).map(|number: u32| Message::of(format!("{{\"id\":{number}}}"))))?;
    let plain = kafka.bootstrap_of(Listener::SaslPlaintext)?;
    let secure = kafka.bootstrap_of(Listener::SaslSsl)?;
    let sasl = |password: &str| {
        format!(
            "sasl = {{ mechanism = \"PLAIN\", username = \"alice\", password = \"{password}\" }}"
        )
    };
    let right = sasl(Options::PASSWORD);
    let tls = format!("tls = {{ ca_file = {:?} }}", authority.file("ca.pem").display().to_string());

    // All well.
    let well = scene(&plain, &from, &to, &right)?;
    let steps = ["name", "port", "login", "topic", "records"];
    Probed::of(&well, "sources.orders")?.expect(&steps, true, "10 in 3 partitions")?;
    let steps = ["name", "port", "login", "topic", "columns", "write"];
    Probed::of(&well, "sinks.copy")?.expect(&steps, true, "it is allowed")?;
    ensure!(kafka.read(&to, Isolation::ReadUncommitted)?.is_empty(), "a probe writes nothing");
    let over_tls = scene(&secure, &from, &to, &format!("{tls}\n{right}"))?;
    let steps = ["name", "port", "tls", "login", "topic", "records"];
    Probed::of(&over_tls, "sources.orders")?.expect(&steps, true, "10 in 3")?;

    // A wrong password, an authority that is not trusted.
    let stranger = scene(&plain, &from, &to, &sasl("wrong"))?;
    let steps = ["name", "port", "login"];
    let told = Probed::of(&stranger, "sources.orders")?;
    told.expect(&steps, false, "authentication failed")?;
    Probed::of(&stranger, "sinks.copy")?.expect(&steps, false, "authentication failed")?;
    let untrusted = scene(&secure, &from, &to, &format!("tls = {{}}\n{right}"))?;
    Probed::of(&untrusted, "sources.orders")?.expect(&["name", "port", "tls"], false, "TLS")?;

    // A topic that is not there.
    let lost = scene(&plain, "nowhere", "nowhere-else", &right)?;
    let steps = ["name", "port", "login", "topic"];
    Probed::of(&lost, "sources.orders")?.expect(&steps, false, "`nowhere`: it does not exist")?;
    Probed::of(&lost, "sinks.copy")?.expect(&steps, false, "`nowhere-else` does not exist")?;

    // Nobody there.
    drop(kafka);
    Probed::of(&well, "sources.orders")?.expect(&["name", "port"], false, "refused")?;
    Probed::of(&well, "sinks.copy")?.expect(&["name", "port"], false, "refused")?;
    ensure!(!well.path("checkpoints").exists(), "a probe makes no folders");
    Ok(())
}

#[test]
fn a_right_that_is_missing_is_found() -> Result<()> {
    let authority = Authority::new()?;
    let kafka = Kafka::start(&Options::one_node().secured(&authority)?.with_rights())?;
    let (from, to) = (kafka.topic("from", 1)?, kafka.topic("to", 1)?);
    let brokers = kafka.bootstrap_of(Listener::SaslPlaintext)?;
    let sasl = format!(
        "sasl = {{ mechanism = \"PLAIN\", username = \"{}\", password = \"{}\" }}",
        Options::USER,
        Options::PASSWORD
    );
    let scene = scene(&brokers, &from, &to, &sasl)?;
    kafka.allow(Options::USER, &["Describe"], &["--topic", &to])?;
    let steps = ["name", "port", "login", "topic", "columns", "write"];
    let told = wait::until("the right to describe", LONG, || {
        let told = Probed::of(&scene, "sinks.copy")?;
        Ok((told.steps.len() == steps.len()).then_some(told))
    })?;
    told.expect(&steps, false, "allow it WRITE")?;
    kafka.allow(Options::USER, &["Write"], &["--topic", &to])?;
    wait::until("the right to write", LONG, || {
        let told = Probed::of(&scene, "sinks.copy")?;
        Ok(told.expect(&steps, true, "it is allowed").ok())
    })?;
    ensure!(kafka.read(&to, Isolation::ReadUncommitted)?.is_empty(), "a probe writes nothing");
    Ok(())
}
