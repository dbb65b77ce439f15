//! Guarantees: what the file channel of an agent with the Spark sink has taken arrives, whenever
//! gateway or agent are killed, from several agents at once.

use std::net::TcpStream;
use std::time::Duration;

use anyhow::Result;
use forebay_integration_tests::servers::FlumeAgent;
use forebay_integration_tests::servers::flume::{Sink, Version};
use forebay_integration_tests::{Expectation, Probed, Scene, port, wait};

use crate::flow::{self, config, expect_all, spool};

/// Seconds after which a sink gives what was not acknowledged to the next who asks.
const TIMEOUT: u32 = 5;

fn source(ports: &[u16], connections: u32) -> String {
    let addresses: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    config(&format!(
        "type = \"flume-pull\"\naddresses = {addresses:?}\nconnections = {connections}\nbatch = 100\n\
         sink_timeout = \"{TIMEOUT}s\""
    ))
}

fn agent(port: u16) -> Result<FlumeAgent> {
    FlumeAgent::start(Version::V1_9, &Sink::Spark { port, timeout: TIMEOUT })
}

#[test]
fn nothing_is_lost_when_agent_and_gateway_are_killed() -> Result<()> {
    let port = port::free()?;
    let scene = Scene::new(&source(&[port], 1))?;
    flow::killed(&scene, &agent(port)?)
}

#[test]
fn several_agents_are_polled_and_one_that_comes_back_is_found() -> Result<()> {
    let ports = [port::free()?, port::free()?];
    // Each connection that waits takes a thread of its agent, and the other still gets its answers.
    let scene = Scene::new(&source(&ports, 2))?;
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

#[test]
fn a_probe_takes_nothing_from_an_agent() -> Result<()> {
    let port = port::free()?;
    let scene = Scene::new(&source(&[port], 1))?;
    Probed::of(&scene, "sources.events")?.expect(&["name", "port"], false, "refused")?;
    let agent = agent(port)?;
    let expectation = spool(&agent, "spooled", 300)?;
    // The sink listens some time after the sources do.
    wait::until("the sink", Duration::from_secs(30), || {
        Ok(TcpStream::connect(("127.0.0.1", port)).ok())
    })?;
    for _ in 0..3 {
        let probed = Probed::of(&scene, "sources.events")?;
        probed.expect(&["name", "port", "protocol"], true, "as a Spark sink does")?;
    }
    let gateway = scene.start()?;
    expect_all(&scene, &expectation)?;
    gateway.stop(Scene::DRAIN)?;
    expectation.compare_folder(&scene.output())?.clean()
}
