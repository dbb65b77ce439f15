//! `forebay checkpoint repair`.

use std::io;

use forebay_core::checkpoint;
use serde_json::json;

use super::verify::{name, unreadable};
use crate::cli::exit::Exit;
use crate::cli::kept::Kept;
use crate::cli::output::Output;
use crate::cli::words::count;

pub(super) fn repair(kept: &Kept, json: bool, output: &mut Output<'_>) -> io::Result<Exit> {
    let outcome = checkpoint::verify(&kept.folder)
        .and_then(|found| Ok((found, checkpoint::repair(&kept.folder)?)));
    let (found, repair) = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return unreadable(&error, output),
    };
    let pipeline = name(kept, &found.ledger);
    // A state that is lost cannot be mended by cutting the log.
    let exit = if found.state_damage.is_some() { Exit::Failed } else { Exit::Done };
    if json {
        let line = json!({
            "pipeline": pipeline,
            "folder": kept.folder,
            "entries": repair.entries,
            "cut_bytes": repair.cut_bytes,
            "kept": repair.kept,
            "damage": found.state_damage,
        });
        writeln!(output.out, "{line}")?;
        return Ok(exit);
    }
    let entries = count(repair.entries, "entry", "entries");
    match &repair.kept {
        None => writeln!(output.out, "whole: {pipeline}: {entries}, nothing to mend")?,
        Some(path) => writeln!(
            output.out,
            "mended: {pipeline}: {entries} stay, {} bytes were cut off; the log as it was: {}",
            repair.cut_bytes,
            path.display()
        )?,
    }
    if let Some(damage) = &found.state_damage {
        output.refuse(&format!("{pipeline}: {damage}"), "cutting the log does not mend it")?;
    }
    Ok(exit)
}
