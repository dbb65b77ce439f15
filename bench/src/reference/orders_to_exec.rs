//! Orders to a program: Tokio's process, a batch at a time, as lines that it answers.

use std::env;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use forebay_formats::encode::json_lines;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

use super::orders::Orders;

/// Writes so many orders to a program that leaves their count in a file.
pub(super) fn run(count: &Path, records: u64) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let mut program = Command::new(env::current_exe()?)
            .args(["reference", "exec-peer"])
            .arg(count)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut input = program.stdin.take().context("it has no standard input")?;
        let answers = program.stdout.take().context("it has no standard output")?;
        let mut answers = BufReader::new(answers).lines();
        let mut orders = Orders::new(records)?;
        while let Some(rows) = orders.next().await? {
            let mut lines = json_lines(&rows)?;
            lines.push(b'\n');
            // At the same time, as a program may answer before it has read all.
            let ((), answer) = tokio::try_join!(input.write_all(&lines), answers.next_line())?;
            ensure!(answer.as_deref() == Some("ok"), "it answered {answer:?}");
        }
        drop(input);
        let status = program.wait().await?;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    })
}
