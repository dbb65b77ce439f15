//! `forebay probe`, and what it says.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::Scene;
use crate::binary;

/// What `forebay probe` says of one component: its steps, by name, and the last in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// The names of its steps.
    pub steps: Vec<String>,
    /// Whether all are well.
    pub is_well: bool,
    /// What the last one found, or what stands in the way.
    pub words: String,
}

impl Probed {
    /// Probes the configuration of a scene, and takes what it says of one component, such as
    /// `sources.orders`.
    ///
    /// # Errors
    /// If it cannot be run, says nothing of the component, says what it must not, or ends with
    /// another number than what it says.
    pub fn of(scene: &Scene, component: &str) -> Result<Self> {
        let output = Command::new(binary::path()?)
            .args(["probe", "--json"])
            .arg(scene.config())
            .output()
            .context("the probe cannot be started")?;
        let text = String::from_utf8(output.stdout)?;
        let lines: Vec<Value> = text
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()
            .context(text.clone())?;
        let failed = lines.iter().any(|line| line["outcome"] == "failed");
        ensure!(output.status.code() == Some(i32::from(failed)), "{:?}: {text}", output.status);
        let own: Vec<&Value> = lines.iter().filter(|line| line["component"] == component).collect();
        let last = own.last().with_context(|| format!("nothing of {component}: {text}"))?;
        let is_well = last["outcome"] == "well";
        let words = if is_well { &last["found"] } else { &last["reason"] };
        ensure!(is_well || last["help"].as_str().is_some_and(|help| !help.is_empty()), "{last}");
        Ok(Self {
            steps: own.iter().filter_map(|line| line["name"].as_str().map(str::to_owned)).collect(),
            is_well,
            words: words.as_str().unwrap_or_default().to_owned(),
        })
    }

    /// Fails unless these are its steps, all but the last are well, the last is or is not, and says
    /// these words.
    ///
    /// # Errors
    /// What is not so.
    pub fn expect(&self, steps: &[&str], is_well: bool, words: &str) -> Result<()> {
        let is_so = self.steps == steps && self.is_well == is_well && self.words.contains(words);
        ensure!(is_so, "{self:?} instead of {steps:?}, {is_well}, {words}");
        Ok(())
    }
}
