//! Servers that speak TLS, and ask who comes.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Result, ensure};
use arrow::array::*;
use forebay_core::sink::SinkError;
use forebay_integration_tests::port;
use forebay_integration_tests::servers::cassandra::Options;
use forebay_integration_tests::servers::{Authority, Cassandra, Proxy};
use futures::future::try_join_all;

use super::writer::{Writer, batch, build, column, rows};

const LOGIN: &str = "username = \"gateway\"\npassword = \"secret\"";

/// The option `tls`: whom to trust, and whose certificate to show.
fn tls(trusted: &Authority, own: Option<&Authority>) -> String {
    let own = own.map_or(String::new(), |own| {
        let (certificate, key): (PathBuf, PathBuf) =
            (own.file("client.pem"), own.file("client.key"));
        format!(", cert_file = {certificate:?}, key_file = {key:?}")
    });
    format!("tls = {{ ca_file = {:?}{own} }}", trusted.file("ca.pem"))
}

/// With TLS, a certificate on both sides and a login, rows arrive; whoever lacks one of them is
/// told which.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_let_in_over_tls_and_who_is_told_why_not() -> Result<()> {
    let (ours, strange) = (Authority::new()?, Authority::new()?);
    let cassandra = Cassandra::start(&Options::one_node().with_password().with_tls(&ours)?)?;
    let table = format!("{}.orders", cassandra.keyspace("secured")?);
    cassandra.execute(&format!("CREATE TABLE {table} (key int PRIMARY KEY, value int)"))?;
    cassandra.execute("CREATE ROLE gateway WITH PASSWORD = 'secret' AND LOGIN = true")?;
    cassandra.execute(&format!("GRANT MODIFY ON {table} TO gateway"))?;

    let right = tls(&ours, Some(&ours));
    let server: SocketAddr = cassandra.contact_points()[0].parse()?;
    // An address for which no certificate was issued.
    let elsewhere = Proxy::at((Ipv4Addr::new(127, 0, 0, 7), port::free()?).into(), server)?;
    let refused = [
        // The server's certificate is of an authority that is not ours.
        (server, format!("{LOGIN}\n{}", tls(&strange, Some(&ours))), "TLS failed"),
        // It is issued for other names than the one that we look for.
        (elsewhere.address(), format!("{LOGIN}\n{right}"), "TLS failed"),
        // We show no certificate, or one that the server does not trust.
        (server, format!("{LOGIN}\n{}", tls(&ours, None)), "`cert_file`"),
        (server, format!("{LOGIN}\n{}", tls(&ours, Some(&strange))), "`cert_file`"),
        // We speak no TLS at all.
        (server, LOGIN.to_owned(), "if the nodes want TLS, set `tls`"),
        // Only the login is wrong.
        (server, format!("{}\n{right}", LOGIN.replace("secret", "wrong")), "password is wrong"),
        (server, right.clone(), "set `username` and `password`"),
    ];
    let named = &table;
    try_join_all(refused.map(|(host, options, word)| async move {
        let options = format!(
            "hosts = [\"{host}\"]\ntable = \"{named}\"\nconnect_timeout = \"2s\"\n{options}"
        );
        let error = build(toml::from_str(&options)?)?.connect().await.unwrap_err();
        ensure!(matches!(error, SinkError::Transient(_)), "{options}: {error:?} is not transient");
        ensure!(error.to_string().contains(word), "{options}: `{word}` is not in `{error}`");
        ensure!(!error.to_string().contains("secret"), "{error}");
        anyhow::Ok(())
    }))
    .await?;

    let mut writer = Writer::new(&cassandra, &table, &format!("{LOGIN}\n{right}")).await?;
    for id in 1..=4 {
        let keys = (id - 1) * 250..id * 250;
        let rows = rows([
            ("key", column(Int32Array::from_iter_values(keys.clone()))),
            ("value", column(Int32Array::from_iter_values(keys))),
        ])?;
        let id = u64::try_from(id)?;
        assert_eq!(writer.write(&batch(id, id, vec![rows])).await?, []);
    }
    assert_eq!(cassandra.count(&table)?, 1_000);
    // The server is killed and started again: the new connections are secured, too.
    cassandra.node(1)?.kill_and_start()?;
    let rows = rows([
        ("key", column(Int32Array::from_iter_values(1_000..1_010))),
        ("value", column(Int32Array::from_iter_values(0..10))),
    ])?;
    assert_eq!(writer.write(&batch(5, 5, vec![rows])).await?, []);
    let newest = format!("SELECT key FROM {table} WHERE key = 1009");
    assert_eq!(cassandra.query::<(i32,)>(&newest)?, [(1_009,)]);
    Ok(())
}
