//! From Flume agents.

use anyhow::{Result, ensure};
use forebay_flume_source::testing::{Agent, Fate, SparkSink, Status, event};
use forebay_integration_tests::servers::runtime;
use forebay_integration_tests::{port, visible, wait};

use crate::copy::{ADMIN, Copy, LONG, stop_after};

#[test]
fn flume_pull_to_files() -> Result<()> {
    let (port, other) = (port::free()?, port::free()?);
    let changes = [
        (ADMIN, "127.0.0.1:0"),
        ("\"127.0.0.1:9988\"", &*format!("\"127.0.0.1:{port}\"")),
        ("\"127.0.0.1:9989\"", &*format!("\"127.0.0.1:{other}\"")),
    ];
    let copy = Copy::new("flume-pull-to-files", &changes)?;
    let gateway = copy.start()?;
    let fate = runtime::wait_for(async move {
        let sink = SparkSink::start((std::net::Ipv4Addr::LOCALHOST, port).into()).await?;
        let order = br#"{"id":1,"customer":"c-7","price":9.5}"#;
        let offer = sink.offer(vec![event(&[("host", "n1")], order), event(&[], b"no order")]);
        Ok(tokio::time::timeout(LONG, offer).await?)
    })?;
    ensure!(fate == Fate::Acknowledged, "{fate:?}");
    stop_after(gateway, 2)?;
    let orders = visible::values(&copy.data("flume-pull-to-files/orders"))?;
    let orders: Vec<_> = orders.iter().flat_map(|(_, values)| values).collect();
    ensure!(orders.len() == 1 && orders[0]["customer"] == "c-7", "{orders:?}");
    Ok(())
}

#[test]
fn flume_to_files() -> Result<()> {
    let port = port::free()?;
    let changes =
        [(ADMIN, "127.0.0.1:0"), ("\"127.0.0.1:4141\"", &*format!("\"127.0.0.1:{port}\""))];
    let copy = Copy::new("flume-to-files", &changes)?;
    let gateway = copy.start()?;
    let answer = runtime::wait_for(async move {
        let stream = wait::until("somebody who listens", LONG, || {
            Ok(std::net::TcpStream::connect(("127.0.0.1", port)).ok())
        })?;
        stream.set_nonblocking(true)?;
        let mut agent = Agent::new(tokio::net::TcpStream::from_std(stream)?);
        let events = [event(&[("host", "n1")], b"one"), event(&[], b"two")];
        agent.append_batch(&events).await.map_err(anyhow::Error::msg)
    })?;
    ensure!(answer == Status::Ok, "{answer:?}");
    stop_after(gateway, 2)?;
    let events = visible::values(&copy.data("flume-to-files/events"))?;
    let events: Vec<_> = events.iter().flat_map(|(_, values)| values).collect();
    ensure!(events.len() == 2 && events[0]["value"] == "one", "{events:?}");
    ensure!(events[0]["headers"]["host"] == "n1", "{events:?}");
    Ok(())
}
