//! Batches of a thousand events, polled from Spark sinks within agents, to files.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use forebay_flume_source::testing::{Fate, SparkSink, batch, event};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::receiving::{self, rows};
use crate::input::{self, LINE_BYTES};
use crate::measurement::Run;
use crate::options::Options;
use crate::output;
use crate::process::Process;

/// Sinks that are polled, each over one connection.
const SINKS: usize = 4;

/// Events in each batch.
const EVENTS: u64 = 1_000;

/// Batches that a sink has ready, so that the next poll need not wait until this process has heard
/// of the last one.
const READY: usize = 4;

/// How long until all sinks were polled once.
const START: Duration = Duration::from_secs(20);

const LIMIT: Duration = Duration::from_secs(600);

/// Starts what polls sinks at these addresses, in a folder.
type Start = fn(&Path, &[String]) -> Result<Process>;

/// Compares the gateway with and without its journal, and the reference with and without a log.
pub(crate) fn run(options: &Options) -> Result<()> {
    let ways: [Start; 4] = [
        |folder, addresses| gateway(folder, addresses, "journal"),
        |folder, addresses| reference(folder, addresses, &["out", "log"]),
        |folder, addresses| gateway(folder, addresses, "memory"),
        |folder, addresses| reference(folder, addresses, &["out"]),
    ];
    let what = "flume-pull, 1000 events of 256 bytes a batch";
    rows(what, options.rounds, ways.map(|start| move || measure(options, start)))
}

fn gateway(folder: &Path, addresses: &[String], durability: &str) -> Result<Process> {
    let source = format!("type = \"flume-pull\"\naddresses = {addresses:?}");
    receiving::gateway(folder, &source, durability)
}

fn reference(folder: &Path, addresses: &[String], paths: &[&str]) -> Result<Process> {
    let paths = paths.iter().map(|name| folder.join(name).display().to_string());
    let arguments: Vec<String> = [addresses.join(",")].into_iter().chain(paths).collect();
    let arguments = ["flume-pull-text"].into_iter().chain(arguments.iter().map(String::as_str));
    Process::reference(folder, &arguments.collect::<Vec<_>>())
}

/// From the first poll that finds a batch until all events are visible.
fn measure(options: &Options, start: Start) -> Result<Run> {
    let batches = (options.records / EVENTS).max(1);
    let whole = encoded(EVENTS);
    let scratch = options.scratch()?;
    let out = scratch.path().join("out");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let sinks = runtime.block_on(sinks())?;
    let addresses: Vec<String> = sinks.iter().map(|sink| sink.address().to_string()).collect();
    let mut process = start(scratch.path(), &addresses)?;
    // Whoever polls has connected everywhere before the time counts.
    let polled = runtime.block_on(async { timeout(START, greet(&sinks)).await });
    polled.context("not all sinks are polled")??;
    let begun = Instant::now();
    let given = runtime.block_on(async { timeout(LIMIT, give(&sinks, &whole, batches)).await });
    given.context("the batches are not taken")??;
    let records = batches * EVENTS;
    let bytes = (records + SINKS as u64) * LINE_BYTES as u64;
    let wall = output::wait_for_bytes(&out, bytes, begun, &mut process)?;
    process.stop()?;
    let used = process.finish(Duration::from_secs(60))?;
    let visible = output::visible_bytes(&out)?;
    ensure!(visible == bytes, "{visible} bytes are visible where {bytes} were given");
    Ok(Run { records, wall, used })
}

async fn sinks() -> Result<Vec<Arc<SparkSink>>> {
    let mut sinks = Vec::new();
    for _ in 0..SINKS {
        sinks.push(Arc::new(SparkSink::start((Ipv4Addr::LOCALHOST, 0).into()).await?));
    }
    Ok(sinks)
}

/// A batch of so many lines as it travels.
fn encoded(events: u64) -> Bytes {
    // The end of a line is added by whoever writes it.
    let body = |number| input::line(number)[..LINE_BYTES - 1].to_vec();
    let events: Vec<_> =
        (0..events).map(|number| event(&[("host", "n1")], &body(number))).collect();
    batch(&events).into()
}

/// Gives one event away at each sink.
async fn greet(sinks: &[Arc<SparkSink>]) -> Result<()> {
    let mut greeting = JoinSet::new();
    for sink in sinks {
        greeting.spawn(give_one(Arc::clone(sink), encoded(1)));
    }
    joined(greeting).await
}

/// Gives the same batch away so many times, and waits until each time was acknowledged.
async fn give(sinks: &[Arc<SparkSink>], batch: &Bytes, times: u64) -> Result<()> {
    let left = Arc::new(AtomicU64::new(times));
    let mut giving = JoinSet::new();
    for sink in sinks.iter().flat_map(|sink| [sink; READY]) {
        let (sink, batch, left) = (Arc::clone(sink), batch.clone(), Arc::clone(&left));
        giving.spawn(async move {
            while left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok() {
                give_one(Arc::clone(&sink), batch.clone()).await?;
            }
            Ok(())
        });
    }
    joined(giving).await
}

async fn give_one(sink: Arc<SparkSink>, batch: Bytes) -> Result<()> {
    loop {
        match sink.offer_encoded(batch.clone()).await {
            Fate::Acknowledged => return Ok(()),
            // Pressure is passed on: whoever polls pauses by itself.
            Fate::GivenBack => {}
            Fate::Lost => bail!("the connection of a batch was lost"),
        }
    }
}

async fn joined(mut tasks: JoinSet<Result<()>>) -> Result<()> {
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}
