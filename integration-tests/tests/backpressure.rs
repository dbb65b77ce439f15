//! Guarantees: with a backlog that never ends, both estimators find the rate that a slow Cassandra
//! sustains, follow it when it doubles and halves, and keep batches within their interval.

#![expect(clippy::print_stdout, reason = "a scenario tells its times")]

use std::fmt;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::servers::{Cassandra, Destination, Kafka, Ledger, Proxy};
use forebay_integration_tests::{Gateway, Scene};
use serde_json::Value;

const LONG: Duration = Duration::from_secs(90);

const INTERVAL_MS: u32 = 500;

/// How long each speed of the sink lasts.
const PHASE: Duration = Duration::from_secs(20);

/// Bytes per second that get through to Cassandra, phase by phase.
const SPEEDS: [u32; 3] = [100_000, 200_000, 100_000];

/// More than gets through in all phases.
const RECORDS: u64 = 60_000;

/// What a phase came to.
struct Phase {
    /// Records per second in its second half.
    rate: f64,
    /// The highest rate that the controller allowed in it.
    highest: f64,
    /// Processing time by interval, on average over the second half.
    utilisation: f64,
    /// The longest scheduling delay in the second half, in milliseconds.
    delay: f64,
    /// Batches until the limit was within a quarter of that of the second half for good.
    settled_after: usize,
}

fn number(batch: &Value, key: &str) -> f64 {
    batch[key].as_f64().unwrap_or(0.0)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / f64::max(count, 1.0)
}

impl Phase {
    fn of(batches: &[Value]) -> Result<Self> {
        let second = &batches[batches.len() / 2..];
        let (first, last) = (second.first().context("no batch")?, second.last().context("none")?);
        let records: f64 = second[1..].iter().map(|batch| number(batch, "records")).sum();
        let seconds = (number(last, "time_ms") - number(first, "time_ms")) / 1000.0;
        let limit = mean(second.iter().map(|batch| number(batch, "rate")));
        let is_far = |batch: &Value| (number(batch, "rate") - limit).abs() > limit / 4.0;
        let rates = batches.iter().map(|batch| number(batch, "rate"));
        Ok(Self {
            rate: records / seconds,
            highest: rates.fold(0.0, f64::max),
            utilisation: mean(second.iter().map(|it| number(it, "processing_ms")))
                / f64::from(INTERVAL_MS),
            delay: second.iter().map(|it| number(it, "scheduling_delay_ms")).fold(0.0, f64::max),
            settled_after: batches.iter().rposition(is_far).map_or(0, |last| last + 1),
        })
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.0} records/s, limit at most {:.0}, settled after {} batches, utilisation {:.2}, \
             delay at most {:.0} ms",
            self.rate, self.highest, self.settled_after, self.utilisation, self.delay
        )
    }
}

fn batches(gateway: &Gateway) -> Result<Vec<Value>> {
    let words = gateway.words();
    let lines = words.lines().filter(|line| line.starts_with('{') && line.ends_with('}'));
    Ok(lines.map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Runs one estimator through all phases, and tells what each came to.
fn through_all_phases(estimator: &str) -> Result<Vec<Phase>> {
    let (kafka, cassandra) = (Kafka::shared()?, Cassandra::shared()?);
    let server: SocketAddr = cassandra.contact_points()[0].parse()?;
    let network = Proxy::before(server)?;
    let destination = Destination::table_at(cassandra, vec![network.address().to_string()])?;
    let topic = kafka.topic("backlog", 4)?;
    let mut ledger = Ledger::new(5_000);
    let entries = ledger.write(RECORDS);
    kafka.produce(&topic, entries.map(|entry| entry.message()))?;
    let config = destination.config(kafka, &topic, "").replace(
        "interval = \"50ms\"",
        &format!(
            "interval = \"{INTERVAL_MS}ms\"\n\
             backpressure = {{ estimator = \"{estimator}\", initial = 300 }}"
        ),
    );
    let scene = Scene::new(&config)?;
    network.throttle(SPEEDS[0]);
    let gateway = scene.start_with_progress()?;
    gateway.wait_for_more_than(0, LONG)?;
    let mut phases = Vec::new();
    let mut seen = 0;
    for speed in SPEEDS {
        network.throttle(speed);
        let begun = Instant::now();
        // How the sink behaves over a time is what is looked at here.
        thread::sleep(PHASE);
        let all = batches(&gateway)?;
        println!("{estimator}, {speed} bytes a second, {:?}:", begun.elapsed());
        for batch in &all[seen..] {
            println!(
                "  records {:>6} limit {:>8.0} processing {:>6.0} ms delay {:>6.0} ms",
                number(batch, "records"),
                number(batch, "rate"),
                number(batch, "processing_ms"),
                number(batch, "scheduling_delay_ms"),
            );
        }
        phases.push(Phase::of(&all[seen..])?);
        seen = all.len();
    }
    network.mend();
    gateway.stop(LONG)?;
    scene.drain()?;
    println!("{}", destination.audit(&scene, &ledger)?);
    Ok(phases)
}

fn settles(estimator: &str) -> Result<()> {
    let phases = through_all_phases(estimator)?;
    for phase in &phases {
        println!("{estimator}: {phase}");
    }
    for phase in &phases {
        ensure!(phase.utilisation > 0.4, "{estimator} leaves the sink idle: {phase}");
        ensure!(phase.delay < 4.0 * f64::from(INTERVAL_MS), "{estimator} lags: {phase}");
    }
    let [slow, fast, again] = [phases[0].rate, phases[1].rate, phases[2].rate];
    ensure!(fast > 1.4 * slow, "{estimator}: from {slow} to {fast} records a second");
    ensure!(again < 0.75 * fast, "{estimator}: from {fast} to {again} records a second");
    Ok(())
}

#[test]
fn the_pid_estimator_follows_the_sink() -> Result<()> {
    settles("pid")
}

#[test]
fn the_adaptive_estimator_follows_the_sink() -> Result<()> {
    settles("adaptive")
}
