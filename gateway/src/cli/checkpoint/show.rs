//! `forebay checkpoint show`.

use std::io;

use forebay_core::checkpoint::{self, Ledger};
use serde_json::json;

use super::verify::{name, sentence, unreadable};
use crate::cli::exit::Exit;
use crate::cli::kept::Kept;
use crate::cli::output::Output;
use crate::cli::table::aligned;
use crate::cli::words::{count, shortened, time};

/// The characters of a receipt that are shown.
const RECEIPT: usize = 100;

pub(super) fn show(kept: &Kept, json: bool, output: &mut Output<'_>) -> io::Result<Exit> {
    let found = match checkpoint::verify(&kept.folder) {
        Ok(found) => found,
        Err(error) => return unreadable(&error, output),
    };
    let (damage, ledger) = (sentence(&found), &found.ledger);
    if json {
        let line = json!({
            "pipeline": name(kept, ledger),
            "folder": kept.folder,
            "entries": found.entries,
            "ledger": ledger,
            "damage": damage,
        });
        writeln!(output.out, "{line}")?;
    } else {
        output.out.write_all(text(kept, ledger).as_bytes())?;
        if let Some(damage) = &damage {
            writeln!(output.out, "\ndamaged: {damage}; this is what stands before it")?;
        }
    }
    Ok(if damage.is_some() { Exit::Failed } else { Exit::Done })
}

fn text(kept: &Kept, ledger: &Ledger) -> String {
    let opened = &ledger.opened;
    let mut text = format!("pipeline {}  {}\n", name(kept, ledger), kept.folder.display());
    text.push_str(&format!(
        "  opened     epoch {} by {} at {}\n",
        opened.epoch,
        opened.owner,
        time(opened.time_ms)
    ));
    text.push_str(&match ledger.committed {
        0 => "  committed  nothing yet\n".to_owned(),
        batch => format!("  committed  batch {batch} at {}\n", time(ledger.committed_ms)),
    });
    if let Some(state) = &ledger.state {
        let size = state.bytes.len();
        text.push_str(&format!("  state      after batch {}, {size} bytes\n", ledger.state_batch));
    }
    for (source, known) in &ledger.sources {
        if !known.finished.is_empty() {
            let splits = count(known.finished.len(), "split", "splits");
            text.push_str(&format!("  finished   {splits} of {source}\n"));
        }
    }
    for table in [positions(ledger), pending(ledger), receipts(ledger)] {
        if table.len() > 1 {
            text.push('\n');
            text.push_str(&aligned(&table));
        }
    }
    text
}

fn head<const N: usize>(cells: [&str; N]) -> Vec<Vec<String>> {
    vec![cells.map(str::to_owned).to_vec()]
}

fn positions(ledger: &Ledger) -> Vec<Vec<String>> {
    let mut table = head(["SOURCE", "SPLIT", "POSITION", "GENERATION"]);
    for (source, known) in &ledger.sources {
        table.extend(known.positions.iter().map(|(split, at)| {
            vec![
                source.to_string(),
                split.to_string(),
                at.position.to_string(),
                at.generation.to_string(),
            ]
        }));
    }
    table
}

fn pending(ledger: &Ledger) -> Vec<Vec<String>> {
    let mut table =
        head(["PENDING BATCH", "PLANNED", "SOURCE", "SPLIT", "FROM", "UNTIL", "RECORDS"]);
    for plan in &ledger.pending {
        table.extend(plan.ranges.iter().map(|range| {
            vec![
                plan.batch.to_string(),
                time(plan.time_ms),
                range.source.to_string(),
                range.split.to_string(),
                range.from.to_string(),
                range.until.to_string(),
                range.records.to_string(),
            ]
        }));
    }
    table
}

fn receipts(ledger: &Ledger) -> Vec<Vec<String>> {
    let mut table = head(["SINK", "RECEIPT"]);
    table.extend(
        ledger.receipts.iter().map(|(sink, receipt)| {
            vec![sink.to_string(), shortened(&receipt.to_string(), RECEIPT)]
        }),
    );
    table
}
