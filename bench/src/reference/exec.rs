//! Lines of `cat` to files, without a journal: until it is told to stop.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::process::Command;

use super::socket::{Gathered, roll_until_stopped, take_lines};

pub(crate) fn run(from: &Path, to: &Path) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let mut child =
            Command::new("cat").arg(from).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stream = child.stdout.take().context("`cat` has no standard output")?;
        let gathered = Gathered::default();
        let taking = tokio::spawn(take_lines(stream, Arc::clone(&gathered)));
        let outcome = roll_until_stopped(&gathered, to).await;
        taking.abort();
        outcome
    })
}
