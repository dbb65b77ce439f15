//! Guarantees: an event whose body is not what it should be is kept as it arrived, headers and all,
//! and is delivered when the configuration is mended; one that is too large is kept in parts, and
//! its agent goes on.

use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Error, Result, ensure};
use forebay_flume_source::testing::{Agent, Status, event};
use forebay_integration_tests::servers::flume::{Sink, Version};
use forebay_integration_tests::servers::{FlumeAgent, runtime};
use forebay_integration_tests::{Record, Scene, files_behind, port, visible, wait};
use serde_json::json;

use crate::flow;

const LONG: Duration = Duration::from_secs(30);

fn config(port: u16, kind: &str) -> String {
    let source = format!(
        r#"
        type = "flume"
        listen = "127.0.0.1:{port}"
        format = "json"
        schema = {{ a = "{kind}" }}
        keep = ["headers"]
        "#
    );
    files_behind("events", &source)
}

#[test]
fn what_was_refused_is_replayed_with_its_headers() -> Result<()> {
    let port = port::free()?;
    let scene = Scene::new(&config(port, "int"))?;
    let gateway = scene.start_with_progress()?;
    let stream = wait::until("somebody who listens", LONG, || {
        Ok(TcpStream::connect(("127.0.0.1", port)).ok())
    })?;
    let answer = runtime::wait_for(async move {
        stream.set_nonblocking(true)?;
        let mut agent = Agent::new(tokio::net::TcpStream::from_std(stream)?);
        let headers = [("host", "n1"), ("ünï", "cødé")];
        let events = [event(&headers, br#"{"a":"x"}"#), event(&[], br#"{"a":1}"#)];
        agent.append_batch(&events).await.map_err(Error::msg)
    })?;
    ensure!(answer == Status::Ok, "{answer:?}");
    gateway.wait_for_more_than(1, LONG)?;
    gateway.stop(LONG)?;
    let rows = || -> Result<Vec<_>> {
        Ok(visible::values(&scene.output())?.into_iter().flat_map(|(_, rows)| rows).collect())
    };
    assert_eq!(rows()?, [json!({ "a": 1, "headers": {} })]);
    scene.configure(&config(port, "text"))?;
    scene.start_replay(None)?.expect_success(LONG)?;
    let mut all = rows()?;
    all.retain(|row| row["a"] == "x");
    assert_eq!(all, [json!({ "a": "x", "headers": { "host": "n1", "ünï": "cødé" } })]);
    Ok(())
}

#[test]
fn an_event_that_is_too_large_does_not_block_its_channel() -> Result<()> {
    let port = port::free()?;
    let source = format!("type = \"flume\"\nlisten = \"127.0.0.1:{port}\"\nmax_event = \"1KiB\"");
    let scene = Scene::new(&flow::config(&source))?;
    let gateway = scene.start()?;
    let agent = FlumeAgent::start(Version::V1_11, &Sink::avro(port))?;
    let mut expectation = flow::spool(&agent, "before", 50)?;
    agent.spool("large.txt", &format!("{}\n", "x".repeat(1900)))?;
    expectation.absorb(flow::spool(&agent, "behind", 50)?);
    flow::expect_all(&scene, &expectation)?;
    // Two parts, and nothing but these.
    let folder = scene.path("checkpoints/events/dead-letters");
    wait::until("two dead letters", LONG, || {
        Ok((visible::count_lines(&folder)? >= 2).then_some(()))
    })
    .map_err(|error| error.context(gateway.last_words()))?;
    gateway.stop(LONG)?;
    let letters: Vec<_> =
        visible::values(&folder)?.into_iter().flat_map(|(_, values)| values).collect();
    let classes: Vec<_> = letters.iter().map(|letter| &letter["class"]).collect();
    ensure!(classes == ["oversize", "oversize"], "{letters:?}");
    let reason = letters[1]["reason"].as_str().unwrap_or_default();
    ensure!(reason.starts_with("part 2 of 2"), "{letters:?}");
    ensure!(expectation.due() == 100 && Record::new("before", 0).line().len() < 1024);
    Ok(())
}
