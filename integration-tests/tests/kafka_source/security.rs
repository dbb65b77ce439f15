//! Brokers that ask who comes, and speak TLS.

use std::fs;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use forebay_clients::testing::Authority;
use forebay_core::source::{Resume, SourceError};
use forebay_integration_tests::servers::Kafka;
use forebay_integration_tests::servers::kafka::{Listener, Message, Options};
use serde_json::json;

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

/// A token without a signature, which ends so many seconds from now.
fn token(seconds: i64) -> Result<String> {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    let claims = json!({ "sub": Options::USER, "iat": now - 60, "exp": now + seconds });
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    Ok(format!("{}.{}.", encode("{\"alg\":\"none\"}"), encode(&claims.to_string())))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_a_file_is_read_anew_before_it_ends_and_one_that_ended_is_told() -> Result<()> {
    const LIFE: u8 = 4;
    let authority = Authority::new()?;
    // A connection lasts as long as its token: to go on, it has to show another one.
    let lasting = Options::one_node().secured(&authority)?;
    let kafka = Kafka::start(&lasting.property("connections.max.reauth.ms", "60000"))?;
    let topic = kafka.topic("tokens", 1)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("token");
    let renew = |seconds: i64| -> Result<()> {
        let half = file.with_extension("half");
        fs::write(&half, token(seconds)?)?;
        Ok(fs::rename(half, &file)?)
    };
    let security =
        format!("sasl = {{ mechanism = \"OAUTHBEARER\", token = {{ file = {file:?} }} }}");
    let options = options(&kafka, Listener::SaslPlaintext, &topic, &security)?;

    renew(-30)?;
    let mut source = build(&options)?;
    let Err(error) = source.connect(&Resume::default()).await else { bail!("it was let in") };
    let text = error.to_string();
    ensure!(text.contains("authentication failed") && text.contains("the token ended"), "{text}");
    source.close().await;

    renew(LIFE.into())?;
    let mut reader = Reader::connect(build(&options)?).await?;
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < 3 * Duration::from_secs(LIFE.into()) {
        renew(LIFE.into())?;
        kafka.produce(&topic, [Message::of(count.to_string())])?;
        count += 1;
        reader.read_until(count).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!("{count} records came while three tokens ended");
    reader.ensure_order()?;
    reader.source.close().await;
    Ok(())
}
