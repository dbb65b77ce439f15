//! Guarantees: what an agent's file channel has taken arrives, whenever gateway or agent are killed,
//! plain, compressed, over TLS, and with both in the order of each version.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::servers::flume::{Sink, Version};
use forebay_integration_tests::servers::{Authority, FlumeAgent};
use forebay_integration_tests::{Scene, port, wait};

use crate::flow::{self, config, expect_all, spool};

const PASSWORD: &str = "changeit";

fn source(port: u16, options: &str) -> String {
    config(&format!("type = \"flume\"\nlisten = \"127.0.0.1:{port}\"\n{options}"))
}

/// Kills either, while lines keep coming.
fn killed(version: Version, sink: fn(u16) -> Sink) -> Result<()> {
    let port = port::free()?;
    let scene = Scene::new(&source(port, ""))?;
    // The agent is there first: nobody listens for it yet.
    let agent = FlumeAgent::start(version, &sink(port))?;
    flow::killed(&scene, &agent)
}

#[test]
fn nothing_is_lost_when_1_9_and_its_gateway_are_killed() -> Result<()> {
    killed(Version::V1_9, Sink::avro)
}

#[test]
fn nothing_is_lost_when_1_11_and_its_gateway_are_killed() -> Result<()> {
    killed(Version::V1_11, Sink::avro)
}

#[test]
fn nothing_is_lost_by_thrift_when_1_11_and_its_gateway_are_killed() -> Result<()> {
    killed(Version::V1_11, Sink::thrift)
}

#[test]
fn while_the_disk_is_full_the_agent_keeps_its_events() -> Result<()> {
    let port = port::free()?;
    let scene = Scene::new(&source(port, "patience = \"1s\""))?;
    let gateway = scene.start_on_a_small_disk(64)?;
    let agent = FlumeAgent::start(Version::V1_11, &Sink::avro(port))?;
    let expectation = spool(&agent, "spooled", 3_000)?;
    wait::until("a batch that failed", Duration::from_secs(60), || {
        Ok(agent.node().words().contains("Unable to deliver event").then_some(()))
    })
    .with_context(|| gateway.last_words())?;
    gateway.make_room()?;
    expect_all(&scene, &expectation).with_context(|| gateway.last_words())?;
    gateway.stop(Scene::DRAIN)
}

/// Sends some hundred records through a sink with these keys to a source with these options.
fn sent(version: Version, keys: &[(&str, &str)], options: &str) -> Result<()> {
    sent_by(version, Sink::avro, keys, options)
}

fn sent_by(
    version: Version,
    sink: fn(u16) -> Sink,
    keys: &[(&str, &str)],
    options: &str,
) -> Result<()> {
    let port = port::free()?;
    let scene = Scene::new(&source(port, options))?;
    let gateway = scene.start()?;
    let agent = FlumeAgent::start(version, &sink(port).with(keys))?;
    let expectation = spool(&agent, "spooled", 500)?;
    expect_all(&scene, &expectation)
        .with_context(|| format!("{version:?} {keys:?}"))
        .with_context(|| gateway.last_words())
        .with_context(|| agent.node().last_words())?;
    gateway.stop(Scene::DRAIN)?;
    // Nothing broke, so nothing came twice.
    expectation.compare_folder(&scene.output())?.clean()
}

const DEFLATE: (&str, &str) = ("compression-type", "deflate");

#[test]
fn by_thrift_compact_and_binary() -> Result<()> {
    for version in Version::ALL {
        sent_by(version, Sink::thrift, &[], "")?;
        sent_by(version, Sink::thrift, &[("protocol", "binary")], "")?;
    }
    Ok(())
}

/// The keys with which a sink trusts an authority, whose certificate `keytool` puts into a store.
fn trust(authority: &Authority) -> Result<Vec<(String, String)>> {
    let (certificate, store) = (authority.file("ca.pem"), authority.file("trust.jks"));
    if !store.exists() {
        let output = Command::new("keytool")
            .args(["-importcert", "-noprompt", "-alias", "ca", "-storetype", "JKS"])
            .args(["-storepass", PASSWORD, "-file"])
            .arg(&certificate)
            .arg("-keystore")
            .arg(&store)
            .output()
            .context("keytool does not run: it comes with the JVM")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let keys = [
        ("ssl", "true".to_owned()),
        ("truststore", store.display().to_string()),
        ("truststore-password", PASSWORD.to_owned()),
        ("truststore-type", "JKS".to_owned()),
    ];
    Ok(keys.map(|(key, value)| (key.to_owned(), value)).to_vec())
}

/// Sends through a sink with TLS, and these keys too.
fn sent_securely(version: Version, more: &[(&str, &str)], max_version: &str) -> Result<()> {
    let authority = Authority::new()?;
    let trust = trust(&authority)?;
    let mut keys: Vec<(&str, &str)> =
        trust.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    keys.extend(more);
    let version_option = format!(", max_version = \"{max_version}\" }}");
    sent(version, &keys, &authority.server_option().replace(" }", &version_option))
}

#[test]
fn compressed() -> Result<()> {
    Version::ALL.into_iter().try_for_each(|version| sent(version, &[DEFLATE], ""))
}

#[test]
fn over_tls() -> Result<()> {
    // 1.9 breaks with TLS 1.3; either end can be told so.
    sent_securely(Version::V1_9, &[], "1.2")?;
    sent_securely(Version::V1_9, &[("include-protocols", "TLSv1.2")], "1.3")?;
    sent_securely(Version::V1_11, &[], "1.3")
}

#[test]
fn compressed_and_over_tls_in_the_order_of_each_version() -> Result<()> {
    sent_securely(Version::V1_9, &[DEFLATE], "1.2")?;
    sent_securely(Version::V1_11, &[DEFLATE], "1.3")
}
