//! Guarantees of whole pipelines that read from Kafka: each record is there once after any number
//! of kills, a bounded run ends under constant production, limits hold from the first batch on, and
//! what cannot be decoded holds nobody back.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::servers::Kafka;
use forebay_integration_tests::servers::kafka::Message;
use forebay_integration_tests::{Gateway, binary, visible, wait};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

const LONG: Duration = Duration::from_secs(60);

fn numbers(from: u64, to: u64) -> impl Iterator<Item = Message> {
    (from..to).map(|id| Message::new(format!("key-{}", id % 97), format!("{{\"id\":{id}}}")))
}

/// A folder with a pipeline from a topic to JSON files.
struct Place(TempDir);

impl Place {
    fn new(kafka: &Kafka, topic: &str, source: &str, pipeline: &str) -> Result<Self> {
        let place = Self(tempfile::Builder::new().prefix("forebay-").tempdir()?);
        place.configure(kafka, topic, source, pipeline)?;
        Ok(place)
    }

    /// Replaces the configuration.
    fn configure(&self, kafka: &Kafka, topic: &str, source: &str, pipeline: &str) -> Result<()> {
        let text = format!(
            "[gateway]\nlisten = \"127.0.0.1:0\"\ncheckpoints = \"checkpoints\"\n\n\
             [sources.in]\ntype = \"kafka\"\nbrokers = [{:?}]\ntopics = [{topic:?}]\nformat = \"json\"\n\
             schema = {{ id = \"bigint not null\" }}\nkeep = [\"partition\", \"offset\"]\n{source}\n\n\
             [sinks.out]\ntype = \"files\"\npath = \"out\"\nformat = \"json\"\nroll_interval = \"100ms\"\n\n\
             [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\n{pipeline}\n",
            kafka.bootstrap()
        );
        Ok(std::fs::write(self.path().join("forebay.toml"), text)?)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn start(&self, more: &[&str]) -> Result<Gateway> {
        let file = self.path().join("forebay.toml").display().to_string();
        let mut arguments = vec!["run", &file, "--progress", "jsonl"];
        arguments.extend(more);
        Gateway::start(binary::path()?, self.path(), &arguments, &[])
    }

    /// What is visible: the ids, in the order of each partition.
    fn ids(&self) -> Result<Vec<u64>> {
        let files = visible::values(&self.path().join("out"))?;
        let values = files.iter().flat_map(|(_, values)| values);
        values.map(|value| value["id"].as_u64().context("no id")).collect()
    }
}

fn progress(gateway: &Gateway) -> Result<Vec<Value>> {
    let words = gateway.words();
    let lines = words.lines().filter(|line| line.starts_with('{') && line.ends_with('}'));
    Ok(lines.map(serde_json::from_str).collect::<Result<_, _>>()?)
}

#[test]
fn each_record_is_there_once_however_often_it_is_killed() -> Result<()> {
    const RECORDS: u64 = 40_000;
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("killed", 4)?;
    kafka.produce(&topic, numbers(0, RECORDS))?;
    let limit = "max_rate = 8000\ngroup = \"killed\"";
    let place = Place::new(kafka, &topic, limit, "interval = \"50ms\"")?;
    let mut slowest = Duration::ZERO;
    for round in 0..8_u64 {
        let begun = Instant::now();
        let gateway = place.start(&[])?;
        gateway.wait_for_more_than(0, LONG)?;
        slowest = slowest.max(begun.elapsed());
        std::thread::sleep(Duration::from_millis(100 + round * 37 % 200));
        gateway.kill()?;
    }
    println!("the slowest start to the first batch took {slowest:?}");
    ensure!(slowest < Duration::from_secs(3), "{slowest:?} to the first batch");
    place.start(&["--available-now"])?.expect_success(LONG)?;
    let mut ids = place.ids()?;
    ids.sort_unstable();
    ensure!(ids == (0..RECORDS).collect::<Vec<_>>(), "{} ids of {RECORDS}", ids.len());
    Ok(())
}

#[test]
fn a_bounded_run_ends_while_records_go_on_to_arise() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("bounded", 2)?;
    kafka.produce(&topic, numbers(0, 5_000))?;
    let place = Place::new(kafka, &topic, "", "interval = \"50ms\"")?;
    let stop = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| -> Result<()> {
        let (stop, topic) = (&stop, &topic);
        let producer = scope.spawn(move || {
            let mut next = 5_000;
            while !stop.load(Ordering::Relaxed) {
                kafka.produce(topic, numbers(next, next + 50))?;
                next += 50;
            }
            anyhow::Ok(())
        });
        let ended = place.start(&["--available-now"]).and_then(|it| it.expect_success(LONG));
        stop.store(true, Ordering::Relaxed);
        let produced = producer.join();
        ensure!(matches!(produced, Ok(Ok(()))), "the producer failed");
        ended
    })?;
    let ids: BTreeSet<u64> = place.ids()?.into_iter().collect();
    ensure!((0..5_000).all(|id| ids.contains(&id)), "{} ids", ids.len());
    Ok(())
}

#[test]
fn a_rate_per_partition_holds_from_the_first_batch_on_and_is_reached() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("limited", 8)?;
    kafka.produce(&topic, spread(80_000))?;
    let place = Place::new(kafka, &topic, "max_rate_per_partition = 500", "interval = \"200ms\"")?;
    let gateway = place.start(&[])?;
    until_reached(500, &gateway, 0)?;
    gateway.stop(LONG)
}

#[test]
fn a_rate_per_partition_that_changes_in_the_file_holds_without_a_restart_or_a_loss() -> Result<()> {
    const RECORDS: u64 = 160_000;
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("tuned", 8)?;
    kafka.produce(&topic, spread(RECORDS))?;
    let source = |rate: u64| format!("max_rate_per_partition = {rate}");
    let interval = "interval = \"200ms\"";
    let place = Place::new(kafka, &topic, &source(500), interval)?;
    let gateway = place.start(&[])?;
    for (changes, rate) in [500, 1_000, 250].into_iter().enumerate() {
        if changes > 0 {
            place.configure(kafka, &topic, &source(rate), interval)?;
            gateway.signal(Signal::HUP)?;
            let told = || gateway.words().matches("limits changed in").count();
            wait::until("the change", LONG, || Ok((told() >= changes).then_some(())))?;
        }
        // Batches that were granted before the change are on their way: one is read, one written.
        let first = progress(&gateway)?.len() + if changes == 0 { 0 } else { 2 };
        until_reached(rate, &gateway, first)?;
    }
    gateway.stop(LONG)?;
    place.configure(kafka, &topic, "", interval)?;
    place.start(&["--available-now"])?.expect_success(LONG)?;
    let mut ids = place.ids()?;
    ids.sort_unstable();
    ensure!(ids == (0..RECORDS).collect::<Vec<_>>(), "{} ids of {RECORDS}", ids.len());
    Ok(())
}

/// Records of one size, in turn for each of eight partitions.
fn spread(records: u64) -> impl Iterator<Item = Message> {
    (0..records).map(|id| {
        let partition = i32::try_from(id % 8).unwrap_or(0);
        Message::of(format!("{{\"id\":{id}}}")).at(partition)
    })
}

/// Waits until a rate for each of eight partitions is reached within 5 % over twenty batches, and
/// expects that from the batch `first` on none has more of any than the rate allows in 200 ms.
fn until_reached(rate: u64, gateway: &Gateway, first: usize) -> Result<()> {
    const WINDOW: usize = 20;
    wait::until(&format!("{rate} records per second"), LONG, || {
        let mut batches = progress(gateway)?;
        batches.drain(..first.min(batches.len()));
        for batch in &batches {
            for split in batch["splits"].as_array().context("no splits")? {
                let records = split["records"].as_u64().context("no records")?;
                ensure!(records <= rate / 5, "{records} records of {} in 200 ms", split["split"]);
            }
        }
        let Some(begin) = batches.len().checked_sub(WINDOW + 1) else { return Ok(None) };
        let time = |batch: &Value| batch["time_ms"].as_f64().unwrap_or(0.0);
        let window = &batches[begin..];
        let records: u64 = window[1..].iter().filter_map(|batch| batch["records"].as_u64()).sum();
        let took = time(&window[WINDOW]) - time(&window[0]);
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let (reached, wanted) = (records as f64 * 1000.0 / took, (8 * rate) as f64);
        Ok((0.95 * wanted..=1.05 * wanted).contains(&reached).then_some(()))
    })
}

#[test]
fn what_cannot_be_decoded_becomes_a_dead_letter_and_holds_nobody_back() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("broken", 1)?;
    let records = (0..100_u64).map(|id| match id % 10 {
        3 => Message::of("no json"),
        7 => Message { value: None, ..Message::new("k", "") },
        _ => Message::of(format!("{{\"id\":{id}}}")),
    });
    kafka.produce(&topic, records)?;
    let place = Place::new(kafka, &topic, "", "interval = \"50ms\"")?;
    place.start(&["--available-now"])?.expect_success(LONG)?;
    ensure!(place.ids()?.len() == 80, "{:?}", place.ids()?);
    let mut shown = std::process::Command::new(binary::path()?);
    let file = place.path().join("forebay.toml");
    shown.args(["dead-letters", "show"]).arg(&file).arg("--json");
    let shown = String::from_utf8(shown.output()?.stdout)?;
    ensure!(shown.lines().count() == 20, "{shown}");
    ensure!(shown.contains(&format!("{topic}-0")), "{shown}");
    Ok(())
}
