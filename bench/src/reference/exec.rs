//! Lines of `cat` to files: until it is told to stop.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::process::Command;

use super::gathered::Gathered;
use super::socket::take_lines;

pub(crate) fn run(from: &Path, to: &Path, log: Option<&Path>) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let mut child =
            Command::new("cat").arg(from).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stream = child.stdout.take().context("`cat` has no standard output")?;
        let gathered = Gathered::new(log)?;
        let taking = tokio::spawn(take_lines(stream, gathered.clone()));
        let outcome = gathered.roll_until_stopped(to).await;
        taking.abort();
        outcome
    })
}
