//! Guarantees: whatever instant or named point the gateway is killed at, a program and a server
//! that take rows one batch after the other (the sinks `exec` and `http`) are given each record, as
//! it was and in order, and again only what was not yet committed when the gateway was killed.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::{
    Deliveries, Drops, Expectation, GATEWAY, Record, RowServer, Scene, crash_points, visible, wait,
};

/// Batches that a gateway may have written and not committed: the two that a pipeline has between
/// being read and being written, and the one that is being committed.
const IN_DOUBT: usize = 3;

/// Keeps what it is given in a file for each gateway, with an empty line behind each batch, and
/// answers when it is there.
const PROGRAM: &str = r#"
mkdir -p kept
exec 3>&1 >>"kept/$GATEWAY"
while IFS= read -r row; do
    printf '%s\n' "$row"
    [ -n "$row" ] || echo ok >&3
done
"#;

/// A destination that takes whatever comes.
enum Destination {
    Program,
    Server(RowServer),
}

impl Destination {
    fn sink(&self, gateway: usize) -> String {
        match self {
            Self::Program => format!(
                r#"
                [sinks.out]
                type = "exec"
                command = ["sh", "keep.sh"]
                environment = {{ GATEWAY = "{gateway}" }}
                "#
            ),
            Self::Server(server) => format!(
                r#"
                [sinks.out]
                type = "http"
                url = "{url}"
                headers = {{ {GATEWAY} = "{gateway}" }}
                # A request for each batch.
                max_rows = 1000000
                max_bytes = "1GiB"
                "#,
                url = server.url()
            ),
        }
    }

    fn config(&self, gateway: usize) -> String {
        let (schema, sink) = (Record::SCHEMA, self.sink(gateway));
        format!(
            r#"
            [sources.drops]
            type = "files"
            path = "in"
            glob = "*.json"
            settle = "0s"
            scan_interval = "100ms"
            format = "json"
            schema = {schema}
            {sink}
            [pipelines.drops]
            from = ["drops"]
            to = ["out"]
            interval = "20ms"
            max_batch_records = 200
            "#
        )
    }

    fn scene(&self) -> Result<Scene> {
        let scene = Scene::new(&self.config(0))?;
        fs::write(scene.path("keep.sh"), PROGRAM)?;
        Ok(scene)
    }

    /// All that was given to it, once nobody gives it any more.
    fn finish(self, scene: &Scene) -> Result<Deliveries> {
        match self {
            Self::Server(server) => server.finish(),
            Self::Program => kept(scene),
        }
    }
}

/// What the programs kept. A batch that the gateway was killed in has no end.
fn kept(scene: &Scene) -> Result<Deliveries> {
    let mut deliveries = Deliveries::default();
    for path in visible::files(&scene.path("kept"))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let gateway = name.parse().with_context(|| name.clone().into_owned())?;
        let text = fs::read_to_string(&path)?;
        for batch in text.split("\n\n").filter(|batch| !batch.is_empty()) {
            let rows = batch.lines().map(serde_json::from_str);
            deliveries.push(gateway, rows.collect::<Result<_, _>>().with_context(|| text.clone())?);
        }
    }
    Ok(deliveries)
}

fn killed_at_random_instants(destination: Destination, mut chance: Chance) -> Result<()> {
    let scene = destination.scene()?;
    let mut expectation = Expectation::default();
    let mut drops = Drops::new(scene.path("in"))?;
    let rounds = usize::try_from(rounds())?;
    for round in 0..rounds {
        scene.configure(&destination.config(round))?;
        let gateway = scene.start()?;
        for _ in 0..4 {
            drops.drop_file(1 + chance.below(300), &mut expectation)?;
        }
        let delay = chance.short_of(Duration::from_millis(30), Duration::from_secs(1));
        gateway.kill_after(delay)?;
    }
    scene.configure(&destination.config(rounds))?;
    scene.drain()?;
    destination.finish(&scene)?.check(&expectation, IN_DOUBT)
}

fn ended_at_every_named_point(make: impl Fn() -> Result<Destination>) -> Result<()> {
    // There is nothing to publish: what was answered is safe.
    for point in crash_points::BATCH.iter().filter(|point| **point != "after-publish") {
        let destination = make()?;
        let scene = destination.scene()?;
        let mut expectation = Expectation::default();
        let mut drops = Drops::new(scene.path("in"))?;
        let mut gateway = scene.start_to_crash_at(point, 3)?;
        wait::until(point, Duration::from_secs(30), || {
            drops.drop_file(20, &mut expectation)?;
            Ok(gateway.has_ended()?.then_some(()))
        })?;
        gateway.expect_crash(Duration::from_secs(30))?;
        scene.configure(&destination.config(1))?;
        scene.drain()?;
        let deliveries = destination.finish(&scene)?;
        deliveries.check(&expectation, IN_DOUBT).with_context(|| (*point).to_owned())?;
    }
    Ok(())
}

#[test]
fn a_program_is_given_all_when_the_gateway_is_killed() -> Result<()> {
    let chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    killed_at_random_instants(Destination::Program, chance)
}

#[test]
fn a_program_is_given_all_when_the_gateway_ends_at_any_named_point() -> Result<()> {
    ended_at_every_named_point(|| Ok(Destination::Program))
}

#[test]
fn a_server_is_given_all_when_the_gateway_is_killed() -> Result<()> {
    let chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    killed_at_random_instants(Destination::Server(RowServer::start()?), chance)
}

#[test]
fn a_server_is_given_all_when_the_gateway_ends_at_any_named_point() -> Result<()> {
    ended_at_every_named_point(|| Ok(Destination::Server(RowServer::start()?)))
}
