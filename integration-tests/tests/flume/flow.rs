//! Records that go into agents, and come out of a gateway.

use std::time::Duration;

use anyhow::{Result, ensure};
use forebay_integration_tests::servers::FlumeAgent;
use forebay_integration_tests::{Expectation, Record, Scene, wait};

/// The longest that the last record may take: an agent pauses for 5 s after each failure, and a sink
/// that is polled keeps what was not acknowledged for as long.
const LONG: Duration = Duration::from_secs(90);

/// The configuration of a gateway with this source and files behind it.
pub(crate) fn config(source: &str) -> String {
    format!(
        r#"
        [sources.events]
        {source}
        format = "json"
        schema = {schema}

        [sinks.out]
        type = "files"
        path = "out"
        format = "json"
        roll_interval = "100ms"

        [pipelines.events]
        from = ["events"]
        to = ["out"]
        interval = "50ms"
        "#,
        schema = Record::SCHEMA
    )
}

/// Has an agent spool so many records of a lane.
pub(crate) fn spool(agent: &FlumeAgent, lane: &str, records: u64) -> Result<Expectation> {
    let mut expectation = Expectation::default();
    let mut text = String::new();
    for number in 0..records {
        let record = Record::new(lane, number);
        text.push_str(&record.line());
        text.push('\n');
        expectation.once(&record);
    }
    agent.spool(&format!("{lane}.txt"), &text)?;
    Ok(expectation)
}

/// Waits until everything that is due has arrived, and expects nothing else to have. What an agent
/// was not told to be safe it sends again, so a record may be there more than once.
pub(crate) fn expect_all(scene: &Scene, expectation: &Expectation) -> Result<()> {
    ensure!(expectation.due() > 0, "no record was ever acknowledged");
    let mut lost = usize::MAX;
    let arrived = wait::until("all records", LONG, || {
        let report = expectation.compare_folder(&scene.output())?;
        lost = report.lost.len();
        Ok((lost == 0).then_some(report))
    });
    let report = arrived.map_err(|error| error.context(format!("{lost} records are missing")))?;
    ensure!(report.wrong.is_empty(), "{report}");
    Ok(())
}
