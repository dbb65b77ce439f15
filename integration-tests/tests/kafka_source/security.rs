//! Brokers that ask who comes, and speak TLS.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use forebay_clients::testing::Authority;
use forebay_core::source::{Resume, SourceError};
use forebay_integration_tests::servers::Kafka;
use forebay_integration_tests::servers::kafka::{Listener, Message, Options};

use crate::reader::{Reader, build};

fn options(kafka: &Kafka, listener: Listener, topic: &str, security: &str) -> Result<String> {
    let brokers = kafka.bootstrap_of(listener)?;
    Ok(format!("brokers = [\"{brokers}\"]\ntopics = [\"{topic}\"]\nformat = \"bytes\"\n{security}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mechanism_lets_in_who_has_the_right_and_says_why_not() -> Result<()> {
    let authority = Authority::new()?;
    let kafka = Kafka::start(&Options::one_node().secured(&authority)?)?;
    let topic = kafka.topic("secured", 1)?;
    kafka.produce(&topic, (0..10).map(|number: u32| Message::of(number.to_string())))?;
    let file = |name: &str| authority.file(name).display().to_string();
    let tls = format!("tls = {{ ca_file = {:?} }}", file("ca.pem"));
    let password = Options::PASSWORD;
    let sasl = |mechanism: &str, password: &str| {
        format!(
            "sasl = {{ mechanism = \"{mechanism}\", username = \"alice\", password = \"{password}\" }}"
        )
    };
    let token = "sasl = { mechanism = \"OAUTHBEARER\", token = { unsecured = \"alice\" } }";
    let both = format!(
        "tls = {{ ca_file = {:?}, cert_file = {:?}, key_file = {:?} }}",
        file("ca.pem"),
        file("client.pem"),
        file("client.key")
    );
    let welcome = [
        (Listener::SaslPlaintext, sasl("PLAIN", password)),
        (Listener::SaslPlaintext, sasl("SCRAM-SHA-256", password)),
        (Listener::SaslPlaintext, token.to_owned()),
        (Listener::SaslSsl, format!("{tls}\n{}", sasl("SCRAM-SHA-512", password))),
        (Listener::SaslSsl, format!("{tls}\n{token}")),
        (Listener::Ssl, both),
    ];
    for (listener, security) in welcome {
        let mut reader =
            Reader::connect(build(&options(&kafka, listener, &topic, &security)?)?).await?;
        reader.read_until(10).await?;
        reader.source.close().await;
    }
    let refused = [
        (Listener::SaslPlaintext, sasl("PLAIN", "wrong"), "authentication failed"),
        (
            Listener::SaslSsl,
            format!("{tls}\n{}", sasl("SCRAM-SHA-512", "wrong")),
            "authentication failed",
        ),
        // Without the authority, the broker is not trusted.
        (Listener::SaslSsl, format!("tls = {{}}\n{}", sasl("PLAIN", password)), "TLS failed"),
        // Without a certificate of our own, the broker hangs up.
        (Listener::Ssl, tls.clone(), "TLS failed"),
    ];
    for (listener, security, reason) in refused {
        let mut source = build(&options(&kafka, listener, &topic, &security)?)?;
        let resume = Resume::default();
        let outcome =
            tokio::time::timeout(Duration::from_secs(20), source.connect(&resume)).await?;
        let Err(error) = outcome else { bail!("{security} was let in") };
        let text = error.to_string();
        ensure!(
            matches!(error, SourceError::Disconnected(_)) && text.contains(reason),
            "{security}: {text}"
        );
        ensure!(!text.contains(password), "{text}");
        source.close().await;
    }
    Ok(())
}
