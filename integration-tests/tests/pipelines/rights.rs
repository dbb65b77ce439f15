//! Guarantees: over TLS and with a login, a right that is taken away while records keep coming
//! costs time and nothing else.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use forebay_integration_tests::Scene;
use forebay_integration_tests::servers::kafka::{Listener, Options};
use forebay_integration_tests::servers::{Authority, Destination, Feed, Kafka, Ledger};

/// What takes a second may take longer on a busy machine.
const LONG: Duration = Duration::from_secs(90);

#[test]
fn the_right_to_write_is_taken_away_and_given_back() -> Result<()> {
    let authority = Authority::new()?;
    let kafka = Arc::new(Kafka::start(&Options::one_node().secured(&authority)?.with_rights())?);
    kafka.warm_up()?;
    let (topic, user) = (kafka.topic("orders", 4)?, Options::USER);
    let destination = Destination::topic(&kafka)?;
    let Destination::Topic(_, out) = &destination else { bail!("it is no topic") };
    kafka.allow(user, &["Read"], &["--topic", &topic, "--topic", out, "--group", out])?;
    kafka.allow(user, &["Write"], &["--topic", out, "--transactional-id", out])?;

    let security = format!(
        "tls = {{ ca_file = {:?} }}\nsasl = {{ mechanism = \"SCRAM-SHA-512\", username = \"{user}\", \
         password = \"{}\" }}",
        authority.file("ca.pem"),
        Options::PASSWORD
    );
    let config = destination.config(&kafka, &topic, &security);
    let config = config.replace("[sinks.out]", &format!("[sinks.out]\n{security}"));
    let config = config.replace(kafka.bootstrap(), &kafka.bootstrap_of(Listener::SaslSsl)?);
    let scene = Scene::new(&config)?;
    let feed = Feed::start(Arc::clone(&kafka), &topic, Ledger::new(200).with_a_hot_key());
    let gateway = scene.start_with_progress()?;
    gateway.wait_for_more_than(0, LONG)?;

    kafka.disallow(user, &["Write"], &["--topic", out])?;
    gateway.wait_for_words(&format!("may not write to the topic `{out}`: allow it WRITE"), LONG)?;
    let before = gateway.records()?;
    kafka.allow(user, &["Write"], &["--topic", out])?;
    gateway.wait_for_more_than(before, LONG)?;

    let ledger = feed.finish()?;
    gateway.stop(LONG)?;
    scene.drain()?;
    let findings = destination.audit(&scene, &ledger)?;
    ensure!(findings.right == ledger.written(), "{findings}");
    let log = fs::read_to_string(scene.path("gateway.log"))?;
    ensure!(!log.contains(Options::PASSWORD), "the password is in the log");
    println!("{findings}");
    Ok(())
}
