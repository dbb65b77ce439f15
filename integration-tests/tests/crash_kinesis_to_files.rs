//! Guarantees: whatever instant or named point the gateway is killed at, and whatever is split
//! meanwhile, each record of the stream is in the output exactly once.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::servers::kinesis::Put;
use forebay_integration_tests::servers::{Entry, Kinesis, Ledger};
use forebay_integration_tests::{Scene, crash_points, files_behind, visible};

const RECORDS: u64 = 200;

fn config(kinesis: &Kinesis, stream: &str) -> String {
    let source = format!(
        r#"
        type = "kinesis"
        stream = "{stream}"
        poll_interval = "200ms"
        discover_interval = "1s"
        format = "json"
        schema = {schema}
        {options}
        "#,
        schema = Entry::SCHEMA,
        options = kinesis.options(),
    );
    files_behind("orders", &source)
}

fn put(kinesis: &Kinesis, stream: &str, ledger: &mut Ledger) -> Result<()> {
    let put = |it: Entry| Put::new(it.customer.clone(), it.value().to_string());
    kinesis.put(stream, ledger.write(RECORDS).map(put))
}

fn split(kinesis: &Kinesis, stream: &str) -> Result<()> {
    let open = kinesis.open_shards(stream)?;
    kinesis.split(stream, open.first().context("no open shard")?)
}

/// Lets the gateway take the rest, and compares.
fn finish(scene: &Scene, ledger: &Ledger) -> Result<()> {
    scene.drain()?;
    let mut audit = ledger.audit();
    for (path, values) in visible::values(&scene.output())? {
        for value in values {
            match Entry::from_value(&value) {
                Some(entry) => audit.see(&entry),
                None => audit.see_wrong(&format!("{}: {value}", path.display())),
            }
        }
    }
    let findings = audit.findings();
    findings.once_in_any_order()?;
    ensure!(findings.right == ledger.written(), "{findings}");
    Ok(())
}

#[test]
fn each_record_is_there_once_however_often_it_is_killed() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    let stream = kinesis.stream("killed", 2)?;
    let scene = Scene::new(&config(kinesis, &stream))?;
    let mut ledger = Ledger::new(50);
    for round in 0..rounds() {
        let gateway = scene.start()?;
        put(kinesis, &stream, &mut ledger)?;
        if round % 4 == 1 {
            split(kinesis, &stream)?;
            put(kinesis, &stream, &mut ledger)?;
        }
        gateway.kill_after(chance.short_of(Duration::from_millis(200), Duration::from_secs(2)))?;
    }
    finish(&scene, &ledger)
}

#[test]
fn ended_at_every_named_point() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    for point in crash_points::BATCH.iter().chain(&["mid-append"]) {
        let stream = kinesis.stream("named", 1)?;
        let scene = Scene::new(&config(kinesis, &stream))?;
        let mut ledger = Ledger::new(50);
        put(kinesis, &stream, &mut ledger)?;
        split(kinesis, &stream)?;
        put(kinesis, &stream, &mut ledger)?;
        // The second batch is that of the children, or the end of their parent.
        let gateway = scene.start_to_crash_at(point, 2)?;
        gateway
            .expect_crash(Duration::from_secs(30))
            .and_then(|()| finish(&scene, &ledger))
            .with_context(|| (*point).to_owned())?;
    }
    Ok(())
}
