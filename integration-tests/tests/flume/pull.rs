//! Guarantees: what the file channel of an agent with the Spark sink has taken arrives, whenever
//! gateway or agent are killed, from several agents at once.

use std::time::Duration;

use anyhow::Result;
use forebay_integration_tests::servers::FlumeAgent;
use forebay_integration_tests::servers::flume::{Lines, Sink, Version};
use forebay_integration_tests::{Chance, Expectation, Scene, Sender, port};

use crate::flow::{config, expect_all, spool};

/// Seconds after which a sink gives what was not acknowledged to the next who asks.
const TIMEOUT: u32 = 5;

fn source(ports: &[u16]) -> String {
    let addresses: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    config(&format!(
        "type = \"flume-pull\"\naddresses = {addresses:?}\nbatch = 100\nsink_timeout = \"{TIMEOUT}s\""
    ))
}

fn agent(port: u16) -> Result<FlumeAgent> {
    FlumeAgent::start(Version::V1_9, &Sink::Spark { port, timeout: TIMEOUT })
}

#[test]
fn nothing_is_lost_when_agent_and_gateway_are_killed() -> Result<()> {
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    let port = port::free()?;
    let scene = Scene::new(&source(&[port]))?;
    let agent = agent(port)?;
    let mut expectation = spool(&agent, "spooled", 2_000)?;
    let sender = Sender::start::<Lines>("lines".to_owned(), agent.address().port());
    for round in 0..3 {
        let gateway = scene.start_with_progress()?;
        let before = gateway.records()?;
        gateway.wait_for_more_than(before, Duration::from_secs(60))?;
        gateway
            .kill_after(chance.short_of(Duration::from_millis(1), Duration::from_millis(500)))?;
        if round == 1 {
            agent.node().kill_and_start()?;
        }
    }
    expectation.absorb(sender.finish()?);
    let gateway = scene.start()?;
    expect_all(&scene, &expectation)?;
    gateway.stop(Scene::DRAIN)
}

#[test]
fn several_agents_are_polled_and_one_that_comes_back_is_found() -> Result<()> {
    let ports = [port::free()?, port::free()?];
    let scene = Scene::new(&source(&ports))?;
    let gateway = scene.start()?;
    let agents = [agent(ports[0])?, agent(ports[1])?];
    let mut expectation = Expectation::default();
    for (agent, lane) in agents.iter().zip(["one", "other"]) {
        expectation.absorb(spool(agent, lane, 500)?);
    }
    expect_all(&scene, &expectation)?;
    // While the gateway waits for events, and again when they come.
    agents[0].node().kill_and_start()?;
    expectation.absorb(spool(&agents[0], "again", 500)?);
    expect_all(&scene, &expectation)?;
    gateway.stop(Scene::DRAIN)
}
