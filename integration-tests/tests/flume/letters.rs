//! Guarantees: an event whose body is not what it should be is kept as it arrived, headers and all,
//! and is delivered when the configuration is mended.

use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Error, Result, ensure};
use forebay_flume_source::testing::{Agent, Status, event};
use forebay_integration_tests::servers::runtime;
use forebay_integration_tests::{Scene, port, visible, wait};
use serde_json::json;

const LONG: Duration = Duration::from_secs(30);

fn config(port: u16, kind: &str) -> String {
    format!(
        r#"
        [sources.events]
        type = "flume"
        listen = "127.0.0.1:{port}"
        format = "json"
        schema = {{ a = "{kind}" }}
        keep = ["headers"]

        [sinks.out]
        type = "files"
        path = "out"
        format = "json"
        roll_interval = "100ms"

        [pipelines.events]
        from = ["events"]
        to = ["out"]
        interval = "20ms"
        "#
    )
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
