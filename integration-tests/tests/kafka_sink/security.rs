//! Brokers that ask who comes, speak TLS, and let nobody do what is not allowed.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use forebay_core::sink::{SinkError, Verdict, Written};
use forebay_core::{Batch, Sink};
use forebay_integration_tests::servers::kafka::{Listener, Options};
use forebay_integration_tests::servers::{Authority, Kafka};
use futures::future::try_join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::destination::{
    batch, begin, deliver, each_once_in_order, keyed, numbers, seen, sink_at,
};

const LONG: Duration = Duration::from_secs(60);

/// The option `sasl`.
fn login(mechanism: &str, password: &str) -> Value {
    json!({ "mechanism": mechanism, "username": Options::USER, "password": password })
}

/// Options, and further ones.
fn with(mut options: Value, more: Value) -> Value {
    if let (Some(options), Value::Object(more)) = (options.as_object_mut(), more) {
        options.extend(more);
    }
    options
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_log_in_lets_write_who_may_and_says_why_not() -> Result<()> {
    let (authority, stranger) = (Authority::new()?, Authority::new()?);
    let kafka = Kafka::start(&Options::one_node().secured(&authority)?)?;
    kafka.warm_up()?;
    let tls = |authority: &Authority| json!({ "ca_file": authority.file("ca.pem") });
    let shown = json!({
        "ca_file": authority.file("ca.pem"),
        "cert_file": authority.file("client.pem"),
        "key_file": authority.file("client.key"),
    });
    let token = json!({ "mechanism": "OAUTHBEARER", "token": { "unsecured": Options::USER } });
    let password = Options::PASSWORD;
    let welcome = [
        (Listener::SaslPlaintext, json!({ "sasl": login("PLAIN", password) })),
        (Listener::SaslPlaintext, json!({ "sasl": login("SCRAM-SHA-256", password) })),
        (
            Listener::SaslSsl,
            json!({ "tls": tls(&authority), "sasl": login("SCRAM-SHA-512", password) }),
        ),
        (Listener::SaslSsl, json!({ "tls": tls(&authority), "sasl": token })),
        (Listener::Ssl, json!({ "tls": shown })),
    ];
    for (listener, security) in welcome {
        for exactly_once in [false, true] {
            let topic = kafka.topic("welcome", 2)?;
            let options = json!({ "key": "{name}", "exactly_once": exactly_once });
            let options = with(security.clone(), options);
            let mut sink = sink_at(&[&kafka.bootstrap_of(listener)?], &topic, options);
            begin(&mut *sink).await.with_context(|| format!("{listener:?}"))?;
            ensure!(deliver(&mut *sink, &batch(1, keyed(0..100))).await? == Written::all());
            sink.close().await;
            each_once_in_order(&seen(&kafka, &topic)?, 100)?;
        }
    }

    let plain = json!({ "sasl": login("PLAIN", "wrong") });
    let scram = json!({ "tls": tls(&authority), "sasl": login("SCRAM-SHA-512", "wrong") });
    let refused = [
        (Listener::SaslPlaintext, plain, "authentication failed"),
        (Listener::SaslSsl, scram, "authentication failed"),
        // The broker's certificate is of an authority that is not ours.
        (
            Listener::SaslSsl,
            json!({ "tls": tls(&stranger), "sasl": login("PLAIN", password) }),
            "TLS failed",
        ),
        // Without a certificate of our own, the broker hangs up.
        (Listener::Ssl, json!({ "tls": tls(&authority) }), "TLS failed"),
    ];
    let kafka = &kafka;
    try_join_all(refused.map(|(listener, security, reason)| async move {
        let mut sink = sink_at(&[&kafka.bootstrap_of(listener)?], "orders", security);
        let Err(error) = sink.connect().await else { bail!("{listener:?}: it was let in") };
        let text = error.to_string();
        ensure!(matches!(error, SinkError::Disconnected(_)), "{error:?}");
        ensure!(text.contains(reason), "{listener:?}: `{reason}` is not in `{text}`");
        ensure!(!text.contains(password), "{text}");
        sink.close().await;
        Ok(())
    }))
    .await?;
    Ok(())
}

/// A cluster in which nobody may do anything, and where `alice` gets in.
fn strict(authority: &Authority) -> Result<(Kafka, Value)> {
    let kafka = Kafka::start(&Options::one_node().secured(authority)?.with_rights())?;
    kafka.warm_up()?;
    let security = json!({ "sasl": login("SCRAM-SHA-256", Options::PASSWORD) });
    Ok((kafka, security))
}

/// Connects until the sink may: what is granted takes a moment to be known everywhere.
async fn until_connected(sink: &mut dyn Sink) -> Result<()> {
    let begun = Instant::now();
    while let Err(error) = begin(sink).await {
        ensure!(begun.elapsed() < LONG, "{error}");
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Tries until what holds it back is this: rights come one by one, each after a moment.
async fn until_held_back(sink: &mut dyn Sink, batch: Option<&Batch>, word: &str) -> Result<()> {
    let begun = Instant::now();
    loop {
        let tried = match batch {
            None => begin(sink).await.map(|()| Written::all()),
            Some(batch) => match begin(sink).await {
                Ok(()) => sink.write(batch).await,
                Err(error) => Err(error),
            },
        };
        match tried {
            Err(error @ (SinkError::Transient(_) | SinkError::Disconnected(_))) => {
                if error.to_string().contains(word) {
                    return Ok(());
                }
                ensure!(begun.elapsed() < LONG, "`{word}` is not in `{error}`");
            }
            Err(error) => return Err(error.into()),
            Ok(written) => bail!("nothing holds it back: {written:?}"),
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Writes batches until a right that was taken away is missed; the batch that waits for it.
async fn until_refused(sink: &mut dyn Sink, next: &mut i64, word: &str) -> Result<Batch> {
    let begun = Instant::now();
    loop {
        let id = u64::try_from(*next / 50)? + 1;
        let rows = batch(id, keyed(*next..*next + 50));
        *next += 50;
        match sink.write(&rows).await {
            Ok(written) => ensure!(written == Written::all(), "{written:?}"),
            Err(SinkError::Transient(text) | SinkError::Disconnected(text)) => {
                ensure!(text.contains(word), "`{word}` is not in `{text}`");
                return Ok(rows);
            }
            Err(error) => return Err(error.into()),
        }
        ensure!(begun.elapsed() < LONG, "nothing is refused");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_may_not_be_written_is_waited_for_and_nothing_is_lost() -> Result<()> {
    let authority = Authority::new()?;
    let (kafka, security) = strict(&authority)?;
    let brokers = kafka.bootstrap_of(Listener::SaslPlaintext)?;
    let topic = kafka.topic("strict", 2)?;
    let options = with(security.clone(), json!({ "key": "{name}" }));
    let mut sink = sink_at(&[&brokers], &topic, options);
    let words = format!("may not write to the topic `{topic}`: allow it WRITE");

    // It may not even know of the topic; then it may, and write nothing at all.
    until_held_back(&mut *sink, None, &words).await?;
    kafka.allow(Options::USER, &["Describe"], &["--topic", &topic])?;
    let first = batch(1, keyed(0..50));
    until_held_back(&mut *sink, Some(&first), "may not write to any topic: allow it WRITE").await?;
    kafka.allow(Options::USER, &["Write"], &["--topic", &topic])?;
    ensure!(deliver(&mut *sink, &first).await? == Written::all());

    // The right is taken away while batches are written, and given back.
    kafka.disallow(Options::USER, &["Write"], &["--topic", &topic])?;
    let mut next = 50;
    let waiting = until_refused(&mut *sink, &mut next, "WRITE").await?;
    kafka.allow(Options::USER, &["Write"], &["--topic", &topic])?;
    ensure!(deliver(&mut *sink, &waiting).await? == Written::all());
    sink.close().await;
    let mut found = numbers(&kafka, &topic)?;
    found.sort_unstable();
    found.dedup();
    ensure!(found == (0..next).collect::<Vec<_>>(), "{} of {next}", found.len());

    // Rows that name their topic: those for others are written. Of one topic it knows nothing, of
    // the other that it is there.
    let (hidden, closed) = (kafka.topic("hidden", 1)?, kafka.topic("closed", 1)?);
    kafka.allow(Options::USER, &["Describe"], &["--topic", &closed])?;
    let names = [&topic, &hidden, &topic, &closed];
    let rows = || names.iter().zip(next..).map(|(name, number)| ((*name).clone(), number));
    for (topic_errors, verdict) in [(None, Verdict::DeadLetter), (Some("wait"), Verdict::Retry)] {
        let options = topic_errors.map_or(json!({}), |it| json!({ "topic_errors": it }));
        let mut sink = sink_at(&[&brokers], "{name}", with(security.clone(), options));
        until_connected(&mut *sink).await?;
        let written = deliver(&mut *sink, &batch(1_000, rows())).await?;
        let mut rows: Vec<_> = written.rejected.iter().map(|it| (it.row, it.verdict)).collect();
        rows.sort_unstable_by_key(|(row, _)| *row);
        ensure!(rows == [(1, verdict), (3, verdict)], "{written:?}");
        let reasons = written.rejected.iter().map(|it| (it.reason.class, &it.reason.text));
        for (class, text) in reasons {
            ensure!(class == "authorization" && text.contains("allow it WRITE"), "{class}: {text}");
        }
        sink.close().await;
    }
    ensure!(numbers(&kafka, &hidden)?.is_empty() && numbers(&kafka, &closed)?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_right_that_transactions_need_is_named_and_waited_for() -> Result<()> {
    let authority = Authority::new()?;
    let (kafka, security) = strict(&authority)?;
    let brokers = kafka.bootstrap_of(Listener::SaslPlaintext)?;
    let topic = kafka.topic("once", 2)?;
    let id = format!("{topic}-id");
    let options = json!({ "key": "{name}", "exactly_once": true, "transactional_id": id });
    let mut sink = sink_at(&[&brokers], &topic, with(security, options));
    let user = Options::USER;

    kafka.allow(user, &["Write"], &["--topic", &topic])?;
    let words = format!("may not use the transactional id `{id}`: allow it WRITE and DESCRIBE");
    until_held_back(&mut *sink, None, &words).await?;
    kafka.allow(user, &["Write", "Describe"], &["--transactional-id", &id])?;
    let first = batch(1, keyed(0..50));
    // The group of the mark, and then the topic as something that offsets are committed for.
    let words = "the mark of what was written last cannot be read";
    until_held_back(&mut *sink, Some(&first), words).await?;
    kafka.allow(user, &["Read"], &["--group", &id])?;
    until_held_back(&mut *sink, Some(&first), "Topic authorization failed").await?;
    kafka.allow(user, &["Read"], &["--topic", &topic])?;
    ensure!(deliver(&mut *sink, &first).await? == Written::all());

    // What a running sink needs is taken away, and given back.
    kafka.disallow(user, &["Write"], &["--topic", &topic])?;
    let mut next = 50;
    let waiting = until_refused(&mut *sink, &mut next, "WRITE").await?;
    kafka.allow(user, &["Write"], &["--topic", &topic])?;
    ensure!(deliver(&mut *sink, &waiting).await? == Written::all());
    sink.close().await;
    each_once_in_order(&seen(&kafka, &topic)?, next)
}
