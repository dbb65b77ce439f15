//! Built-in scenarios: a model of a pipeline that follows the estimators.

use std::io;

use forebay_core::flow::simulation::{Scenario, Scores, run as simulate, scenarios};
use forebay_core::flow::{Backpressure, EstimatorKind};
use serde_json::json;

use super::recorded::rate;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::table::aligned;
use crate::schema::nearest;

/// Lists the scenarios.
pub(super) fn list(json: bool, output: &mut Output<'_>) -> io::Result<Exit> {
    let mut table =
        vec![["NUMBER", "INTERVALS", "CHANGE AT", "SCENARIO"].map(str::to_owned).to_vec()];
    for (number, scenario) in (1..).zip(scenarios()) {
        if json {
            let line = json!({
                "number": number,
                "name": scenario.name,
                "interval_ms": scenario.interval.as_secs_f64() * 1e3,
                "intervals": scenario.intervals,
                "change": scenario.change,
            });
            writeln!(output.out, "{line}")?;
        }
        table.push(vec![
            number.to_string(),
            scenario.intervals.to_string(),
            scenario.change.to_string(),
            scenario.name.to_owned(),
        ]);
    }
    if !json {
        output.out.write_all(aligned(&table).as_bytes())?;
    }
    Ok(Exit::Done)
}

/// Runs a scenario, named or numbered, with both estimators.
pub(super) fn run(
    name: &str,
    settings: &Backpressure,
    json: bool,
    output: &mut Output<'_>,
) -> io::Result<Exit> {
    let all = scenarios();
    let numbered = name.parse::<usize>().ok().and_then(|number| all.get(number.checked_sub(1)?));
    let Some(scenario) = all.iter().find(|scenario| scenario.name == name).or(numbered) else {
        let help = match nearest(name, all.iter().map(|scenario| scenario.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`forebay simulate --scenarios` lists them".to_owned(),
        };
        output.refuse(&format!("there is no scenario `{name}`"), &help)?;
        return Ok(Exit::Wrong);
    };
    for (name, estimator) in [("pid", EstimatorKind::Pid), ("adaptive", EstimatorKind::Adaptive)] {
        one(scenario, name, &Backpressure { estimator, ..settings.clone() }, json, output)?;
    }
    Ok(Exit::Done)
}

fn one(
    scenario: &Scenario,
    name: &str,
    settings: &Backpressure,
    json: bool,
    output: &mut Output<'_>,
) -> io::Result<()> {
    let mut estimator = settings.estimator(scenario.interval);
    let first = settings.initial.or(settings.maximum).or(Some(FIRST_RATE));
    let trace = simulate(scenario, estimator.as_mut(), first);
    let columns = ["BATCH", "BEGAN ms", "OFFERED", "RECORDS", "PROCESSING ms", "DELAY ms", "RATE"];
    let mut table = vec![columns.map(str::to_owned).to_vec()];
    for (batch, step) in (1..).zip(&trace.steps) {
        if json {
            let line = json!({
                "estimator": name,
                "batch": batch,
                "began_ms": step.began_ms,
                "offered": step.offered,
                "records": step.records,
                "processing_ms": step.processing_ms,
                "scheduling_delay_ms": step.delay_ms,
                "rate": step.rate,
            });
            writeln!(output.out, "{line}")?;
            continue;
        }
        table.push(vec![
            batch.to_string(),
            format!("{:.0}", step.began_ms),
            step.offered.to_string(),
            step.records.to_string(),
            format!("{:.1}", step.processing_ms),
            format!("{:.1}", step.delay_ms),
            rate(step.rate),
        ]);
    }
    if json {
        return Ok(());
    }
    let scores = Scores::of(scenario, &trace);
    let settled = scores.settling.map_or_else(
        || "never settled".to_owned(),
        |at| format!("settled {at:.0} intervals after the change"),
    );
    writeln!(
        output.out,
        "{name}: {settled}, busy {:.0} %, longest delay {:.1} intervals, {:.0} records per interval",
        scores.utilisation * 100.0,
        scores.max_delay,
        scores.throughput
    )?;
    output.out.write_all(aligned(&table).as_bytes())?;
    writeln!(output.out)
}

/// The rate until the first estimate where none is set, in records per second.
const FIRST_RATE: f64 = 2_000.0;
