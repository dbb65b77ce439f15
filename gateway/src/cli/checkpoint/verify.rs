//! `forebay checkpoint verify`.

use std::io;

use forebay_core::checkpoint::{self, CheckpointError, Ledger, Verification};
use serde_json::json;

use crate::cli::exit::Exit;
use crate::cli::kept::Kept;
use crate::cli::output::Output;
use crate::cli::words::count;

pub(super) fn verify(kept: &Kept, json: bool, output: &mut Output<'_>) -> io::Result<Exit> {
    let found = match checkpoint::verify(&kept.folder) {
        Ok(found) => found,
        Err(error) => return unreadable(&error, output),
    };
    let (damage, pipeline) = (sentence(&found), name(kept, &found.ledger));
    let exit = if damage.is_some() { Exit::Failed } else { Exit::Done };
    if json {
        let line = json!({
            "pipeline": pipeline,
            "folder": kept.folder,
            "entries": found.entries,
            "bytes": found.bytes,
            "torn_tail_bytes": found.torn_tail_bytes,
            "damage": damage,
        });
        writeln!(output.out, "{line}")?;
        return Ok(exit);
    }
    let entries = count(found.entries, "entry", "entries");
    match damage {
        None => {
            write!(output.out, "whole: {pipeline}: {entries}, {} bytes", found.bytes)?;
            if found.torn_tail_bytes > 0 {
                let torn = found.torn_tail_bytes;
                write!(
                    output.out,
                    "; then {torn} bytes of a write that is under way or was torn by a crash, which the next start cuts off"
                )?;
            }
            writeln!(output.out)?;
        }
        Some(damage) => {
            let folder = kept.folder.display();
            writeln!(output.out, "damaged: {pipeline}: after {entries}: {damage}")?;
            if found.damage.as_ref().is_some_and(|damage| !damage.newer) {
                writeln!(
                    output.out,
                    "  help: `forebay checkpoint repair {folder}` cuts the log back to the last whole entry; what was committed after it is read and written once more"
                )?;
            }
        }
    }
    Ok(exit)
}

/// The pipeline of a checkpoint: as it says itself, else as its folder is called.
pub(super) fn name(kept: &Kept, ledger: &Ledger) -> String {
    if ledger.opened.pipeline.is_empty() {
        return kept.pipeline.clone();
    }
    ledger.opened.pipeline.to_string()
}

/// What is damaged, in a sentence.
pub(super) fn sentence(found: &Verification) -> Option<String> {
    let line = found
        .damage
        .as_ref()
        .map(|damage| format!("line {} at byte {}: {}", damage.line, damage.offset, damage.what));
    line.or_else(|| found.state_damage.clone())
}

/// Says that a checkpoint cannot be read at all.
pub(super) fn unreadable(error: &CheckpointError, output: &mut Output<'_>) -> io::Result<Exit> {
    let help = "look at the permissions of the folder, or stop the gateway that has it";
    output.refuse(&error.to_string(), help)?;
    Ok(Exit::Failed)
}
