//! Guarantees: whatever instant or named point the gateway is killed at, each line of a program
//! that saw an `ack` for it is in the files exactly once, and none is there twice; a program that
//! writes again what it saw no `ack` for loses nothing; and of a program that hears nothing at most
//! the last lines before its end are missing.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::record::identity;
use forebay_integration_tests::{
    Expectation, Gateway, Record, Scene, Watcher, crash_points, to_files, visible, wait,
};

/// Lines that are laid out for each start of a program.
const LINES: u64 = 3_000;

/// Starts for which lines are laid out: for each kill, and then some.
fn starts() -> u64 {
    u64::from(rounds()) + 40
}

/// Takes the lines of a lane that nobody took before. Writes one to four of them, then waits until
/// all are acknowledged, and notes how many.
const ACKNOWLEDGED: &str = r#"
lane=0
while ! mkdir "taken/$lane" 2>/dev/null; do lane=$((lane + 1)); done
exec 3<"lanes/$lane" || exit 1
written=0
stored=0
while IFS= read -r line <&3; do
    printf '%s\n' "$line"
    written=$((written + 1))
    [ $((written % 10)) -lt 4 ] && continue
    while [ "$stored" -lt "$written" ]; do
        read -r word stored || exit 1
        echo "$stored" >>"taken/$lane/acknowledged"
    done
done
"#;

/// Writes the lines of a lane that nobody took before, and hears nothing.
const SILENT: &str = r#"
lane=0
while ! mkdir "taken/$lane" 2>/dev/null; do lane=$((lane + 1)); done
exec 3<"lanes/$lane" || exit 1
written=0
while IFS= read -r line <&3; do
    printf '%s\n' "$line"
    written=$((written + 1))
    [ $((written % 50)) -gt 0 ] || sleep 0.01
done
exec sleep 1000
"#;

/// The program of the README: a task is done when its record is stored.
const RELIABLE: &str = r#"
for task in spool/*; do
    [ -e "$task" ] || break
    echo "$task" >>written
    cat "$task"
    read -r acknowledged && rm "$task" || exit 1
done
exec sleep 1000
"#;

fn config(acknowledge: bool) -> String {
    to_files(
        "program",
        &format!(
            r#"
            type = "exec"
            command = ["sh", "program.sh"]
            acknowledge = {acknowledge}
            stop_timeout = "100ms"
            "#
        ),
    )
}

fn scene(acknowledge: bool, program: &str) -> Result<Scene> {
    let scene = Scene::new(&config(acknowledge))?;
    fs::write(scene.path("program.sh"), program)?;
    Ok(scene)
}

fn lane(start: u64) -> String {
    format!("start-{start}")
}

/// Lays out lines for so many starts of a program.
fn lay_out(scene: &Scene, starts: u64) -> Result<()> {
    fs::create_dir(scene.path("taken"))?;
    fs::create_dir(scene.path("lanes"))?;
    for start in 0..starts {
        let lane = lane(start);
        let lines = (0..LINES).map(|number| Record::new(&lane, number).line() + "\n");
        fs::write(scene.path("lanes").join(start.to_string()), lines.collect::<String>())?;
    }
    Ok(())
}

/// What the programs saw acknowledged has to be there, and the rest of their lanes may be.
fn acknowledged(scene: &Scene, starts: u64) -> Result<Expectation> {
    let mut expectation = Expectation::default();
    for start in 0..starts {
        let notes = scene.path("taken").join(start.to_string()).join("acknowledged");
        let notes = fs::read_to_string(notes).unwrap_or_default();
        let stored: u64 = match notes.lines().next_back() {
            Some(line) => line.parse().with_context(|| line.to_owned())?,
            None => 0,
        };
        for number in 0..LINES {
            let record = Record::new(&lane(start), number);
            match number < stored {
                true => expectation.once(&record),
                false => expectation.at_most_once(&record),
            }
        }
    }
    Ok(expectation)
}

/// Lets the gateway write what is in its journal, without a program that writes more.
fn finish(scene: &Scene) -> Result<()> {
    fs::write(scene.path("program.sh"), "exec sleep 1000")?;
    scene.drain()
}

fn kill_at_random_instants(scene: &Scene, mut chance: Chance) -> Result<()> {
    for _ in 0..rounds() {
        let gateway = scene.start()?;
        gateway.kill_after(chance.short_of(Duration::from_millis(30), Duration::from_secs(1)))?;
    }
    Ok(())
}

#[test]
fn what_is_acknowledged_is_there_once_when_the_gateway_is_killed() -> Result<()> {
    let scene = scene(true, ACKNOWLEDGED)?;
    lay_out(&scene, starts())?;
    let watcher = Watcher::start(scene.output());
    let chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    kill_at_random_instants(&scene, chance)?;
    finish(&scene)?;
    watcher.finish()?;
    let expectation = acknowledged(&scene, starts())?;
    ensure!(expectation.due() > 0, "no line was ever acknowledged");
    expectation.compare_folder(&scene.output())?.clean()
}

#[test]
fn what_is_acknowledged_is_there_once_when_the_gateway_ends_at_any_named_point() -> Result<()> {
    for point in crash_points::BATCH {
        let scene = scene(true, ACKNOWLEDGED)?;
        lay_out(&scene, 5)?;
        let gateway = scene.start_to_crash_at(point, 3)?;
        gateway.expect_crash(Duration::from_secs(30)).with_context(|| (*point).to_owned())?;
        finish(&scene)?;
        let report = acknowledged(&scene, 5)?.compare_folder(&scene.output())?;
        report.clean().with_context(|| (*point).to_owned())?;
    }
    Ok(())
}

#[test]
fn a_program_that_writes_again_what_was_not_acknowledged_loses_nothing() -> Result<()> {
    let scene = scene(true, RELIABLE)?;
    fs::create_dir(scene.path("spool"))?;
    let mut expectation = Expectation::default();
    for number in 0..600 {
        let record = Record::new("task", number);
        fs::write(scene.path("spool").join(format!("{number:05}")), record.line() + "\n")?;
        expectation.once(&record);
    }
    let chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    kill_at_random_instants(&scene, chance)?;
    let gateway = scene.start()?;
    wait::until("all tasks to be done", Scene::DRAIN, || {
        Ok(fs::read_dir(scene.path("spool"))?.next().is_none().then_some(()))
    })
    .with_context(|| gateway.last_words())?;
    // It may not even hear signals yet, if the last task was done before.
    gateway.kill()?;
    finish(&scene)?;
    let report = expectation.compare_folder(&scene.output())?;
    ensure!(report.lost.is_empty() && report.wrong.is_empty(), "{report}");

    // Nothing is there more often than the program wrote it.
    let mut written: BTreeMap<u64, usize> = BTreeMap::new();
    for task in fs::read_to_string(scene.path("written"))?.lines() {
        *written.entry(task.trim_start_matches("spool/").parse()?).or_default() += 1;
    }
    for (id, times) in &report.duplicated {
        ensure!(written.get(&id.number) >= Some(times), "{id} is there {times} times");
    }
    Ok(())
}

#[test]
fn without_acknowledgement_only_the_last_lines_of_a_program_are_missing() -> Result<()> {
    let scene = scene(false, SILENT)?;
    lay_out(&scene, starts())?;
    let watcher = Watcher::start(scene.output());
    let chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    kill_at_random_instants(&scene, chance)?;
    // One that is stopped as it should be, when it has written all that it has.
    let gateway = scene.start()?;
    let last = last_of_a_whole_lane(&scene, &gateway)?;
    gateway.stop(Scene::DRAIN)?;
    finish(&scene)?;
    watcher.finish()?;

    let mut expectation = Expectation::default();
    for (start, number) in
        (0..starts()).flat_map(|start| (0..LINES).map(move |number| (start, number)))
    {
        expectation.at_most_once(&Record::new(&lane(start), number));
    }
    let files = visible::values(&scene.output())?;
    expectation.compare(&files, identity).clean()?;
    let counts = counts(&files);
    for (lane, count, highest) in counts.iter().map(|(lane, (count, last))| (lane, count, last)) {
        ensure!(*count == highest + 1, "{lane}: {count} lines, and the last is {highest}");
    }
    ensure!(counts.get(&last).is_some_and(|(count, _)| *count == LINES), "{last} is not whole");
    Ok(())
}

/// How many lines of each lane are there, and the number of the last.
fn counts(files: &[(PathBuf, Vec<serde_json::Value>)]) -> BTreeMap<String, (u64, u64)> {
    let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for id in files.iter().flat_map(|(_, values)| values).filter_map(identity) {
        let (count, last) = counts.entry(id.lane).or_default();
        *count += 1;
        *last = id.number.max(*last);
    }
    counts
}

/// Waits until all lines of a lane are there, and says which.
fn last_of_a_whole_lane(scene: &Scene, gateway: &Gateway) -> Result<String> {
    wait::until("a whole lane", Duration::from_secs(60), || {
        let counts = counts(&visible::values(&scene.output())?);
        Ok(counts.into_iter().find(|(_, (count, _))| *count == LINES).map(|(lane, _)| lane))
    })
    .with_context(|| gateway.last_words())
}
