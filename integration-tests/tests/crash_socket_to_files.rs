//! Guarantees: whatever instant or named point the gateway is killed at, each line that a socket
//! client saw an `ack` for is in the files exactly once, and none is there twice.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::record::Record;
use forebay_integration_tests::{
    Expectation, LineClient, Scene, Sender, Watcher, crash_points, port,
};

const CLIENTS: usize = 4;

fn config(port: u16) -> String {
    format!(
        r#"
        [sources.lines]
        type = "socket"
        listen = "tcp://127.0.0.1:{port}"
        acknowledge = true
        format = "json"
        schema = {schema}

        [sinks.out]
        type = "files"
        path = "out"
        format = "json"
        roll_interval = "100ms"
        roll_rows = 500

        [pipelines.lines]
        from = ["lines"]
        to = ["out"]
        interval = "20ms"
        "#,
        schema = Record::SCHEMA
    )
}

fn clients(port: u16) -> Vec<Sender> {
    (0..CLIENTS)
        .map(|number| Sender::start::<LineClient>(format!("client-{number}"), port))
        .collect()
}

fn finish(clients: Vec<Sender>) -> Result<Expectation> {
    let mut expectation = Expectation::default();
    for client in clients {
        expectation.absorb(client.finish()?);
    }
    Ok(expectation)
}

#[test]
fn killed_at_random_instants() -> Result<()> {
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    let port = port::free()?;
    let scene = Scene::new(&config(port))?;
    let watcher = Watcher::start(scene.output());
    let clients = clients(port);
    for _ in 0..rounds() {
        let gateway = scene.start()?;
        gateway.kill_after(chance.short_of(Duration::from_millis(30), Duration::from_secs(1)))?;
    }
    let expectation = finish(clients)?;
    scene.drain()?;
    watcher.finish()?;
    ensure!(expectation.due() > 0, "no record was ever acknowledged");
    expectation.compare_folder(&scene.output())?.clean()
}

#[test]
fn ended_at_every_named_point() -> Result<()> {
    for point in crash_points::BATCH {
        let port = port::free()?;
        let scene = Scene::new(&config(port))?;
        let gateway = scene.start_to_crash_at(point, 3)?;
        let clients = clients(port);
        gateway.expect_crash(Duration::from_secs(30)).with_context(|| (*point).to_owned())?;
        let expectation = finish(clients)?;
        scene.drain().with_context(|| (*point).to_owned())?;
        let report = expectation.compare_folder(&scene.output())?;
        report.clean().with_context(|| (*point).to_owned())?;
    }
    Ok(())
}
