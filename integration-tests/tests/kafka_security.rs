//! Guarantees: a Kafka server lets in who has the right password, token or certificate, and
//! nobody else, and lets do what somebody has the right to.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::servers::kafka::{Listener, Message, Options};
use forebay_integration_tests::servers::{Authority, Kafka};
use forebay_integration_tests::wait;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;

const LONG: Duration = Duration::from_secs(30);

/// A client that comes in through a listener.
fn client(kafka: &Kafka, listener: Listener, authority: &Authority) -> Result<ClientConfig> {
    let mut client = kafka.client();
    client
        .set("bootstrap.servers", kafka.bootstrap_of(listener)?)
        .set("security.protocol", listener.protocol())
        .set("ssl.ca.location", authority.file("ca.pem").display().to_string());
    Ok(client)
}

/// Whether the cluster answers.
fn is_let_in(client: &ClientConfig) -> Result<bool> {
    let consumer: BaseConsumer = client.create()?;
    // Without it no token is fetched, and no error is seen.
    let _ = consumer.poll(Duration::from_millis(500));
    Ok(consumer.fetch_metadata(None, Duration::from_secs(5)).is_ok())
}

#[test]
fn who_is_let_in() -> Result<()> {
    let authority = Authority::new()?;
    let kafka = Kafka::start(&Options::one_node().secured(&authority)?.with_rights())?;
    for listener in [Listener::SaslPlaintext, Listener::SaslSsl] {
        let with_password = |mechanism: &str, password: &str| -> Result<ClientConfig> {
            let mut client = client(&kafka, listener, &authority)?;
            client
                .set("sasl.mechanism", mechanism)
                .set("sasl.username", Options::USER)
                .set("sasl.password", password);
            Ok(client)
        };
        for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
            ensure!(is_let_in(&with_password(mechanism, Options::PASSWORD)?)?, "{mechanism}");
        }
        // Being refused takes as long as one is willing to ask: once is enough.
        let refused = with_password("SCRAM-SHA-256", "wrong")?;
        ensure!(!is_let_in(&refused)?, "{listener:?} lets in who has a wrong password");
        let mut client = client(&kafka, listener, &authority)?;
        client
            .set("sasl.mechanism", "OAUTHBEARER")
            .set("enable.sasl.oauthbearer.unsecure.jwt", "true")
            .set("sasl.oauthbearer.config", format!("principal={}", Options::USER));
        ensure!(is_let_in(&client)?, "{listener:?}, a token");
    }

    let mut client = client(&kafka, Listener::Ssl, &authority)?;
    ensure!(!is_let_in(&client)?, "a client without a certificate is let in");
    client
        .set("ssl.certificate.location", authority.file("client.pem").display().to_string())
        .set("ssl.key.location", authority.file("client.key").display().to_string());
    ensure!(is_let_in(&client)?, "a client with a certificate is not let in");

    // Let in, it may do nothing yet.
    let topic = kafka.topic("orders", 1)?;
    kafka.produce(&topic, [Message::of("first")])?;
    let reads = || -> Result<bool> {
        let consumer: BaseConsumer = client.create()?;
        match consumer.fetch_watermarks(&topic, 0, LONG) {
            Ok((0, 1)) => Ok(true),
            Err(KafkaError::MetadataFetch(_)) => Ok(false),
            other => Err(anyhow::anyhow!("{other:?}")),
        }
    };
    ensure!(!reads()?, "it reads without a right");
    kafka.allow("CN=client", &["Read", "Describe"], &["--topic", &topic])?;
    wait::until("the right to read", LONG, || Ok(reads()?.then_some(())))?;
    kafka.disallow("CN=client", &["Read", "Describe"], &["--topic", &topic])?;
    wait::until("the end of the right", LONG, || Ok((!reads()?).then_some(()))).context(topic)
}
