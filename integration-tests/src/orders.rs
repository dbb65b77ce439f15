//! Orders that the generator makes up: known in advance, as the same seed makes the same records.

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::expectation::Expectation;
use crate::record::Identity;
use crate::scene::Scene;
use crate::visible;

/// A pipeline from the generator to the files sink, in a scene's output folder.
#[derive(Clone, Debug)]
pub struct Orders {
    /// How many records, over all splits.
    pub records: u64,
    /// Records per second, over all splits.
    pub rate: u64,
    /// Splits.
    pub splits: u32,
    /// When the sink begins another file, and such, as lines of TOML.
    pub sink: &'static str,
    /// Further options of the pipeline, as lines of TOML.
    pub pipeline: &'static str,
}

impl Default for Orders {
    fn default() -> Self {
        Self {
            records: 8_000,
            rate: 4_000,
            splits: 4,
            sink: "roll_interval = \"100ms\"\nroll_rows = 500",
            pipeline: "",
        }
    }
}

impl Orders {
    /// The configuration; records arise at their rate.
    #[must_use]
    pub fn config(&self) -> String {
        self.written(false)
    }

    /// The rate belongs to the records (event times follow it); whether it is kept does not.
    fn written(&self, unlimited: bool) -> String {
        let Self { records, rate, splits, sink, pipeline } = self;
        format!(
            r#"
            [sources.orders]
            type = "generator"
            splits = {splits}
            rows_per_second = {rate}
            unlimited = {unlimited}
            count = {records}
            seed = 7

            [sinks.out]
            type = "files"
            path = "out"
            format = "json"
            {sink}

            [pipelines.orders]
            from = ["orders"]
            to = ["out"]
            interval = "20ms"
            {pipeline}
            "#
        )
    }

    /// What is in the files when nobody disturbs the gateway.
    ///
    /// # Errors
    /// If it does not end, or not with all records.
    pub fn undisturbed(&self) -> Result<Expectation> {
        let scene = Scene::new(&self.written(true))?;
        scene.drain()?;
        let expectation = Expectation::from_undisturbed(&scene.output(), identify)?;
        ensure!(expectation.due() as u64 == self.records, "{} records", expectation.due());
        Ok(expectation)
    }

    /// Lets the gateway make the rest, as fast as it can, and compares.
    ///
    /// # Errors
    /// If it does not end, or if a record is missing, there twice, or another.
    pub fn finish(&self, scene: &Scene, expected: &Expectation) -> Result<()> {
        scene.configure(&self.written(true))?;
        scene.drain()?;
        let mut report = expected.compare(&visible::values(&scene.output())?, identify);
        // Splits share a file: the order of the numbers over all of them says nothing.
        report.out_of_order.clear();
        report.clean()
    }
}

/// Orders are numbered over all splits.
fn identify(value: &Value) -> Option<Identity> {
    Some(Identity { lane: "orders".to_owned(), number: value.get("id")?.as_u64()? })
}
