//! What stands in a journal.

use std::io;

use forebay_core::journal::{self, FrameDamage, SegmentReport};
use serde_json::{Value, json};

use crate::cli::exit::Exit;
use crate::cli::kept::Kept;
use crate::cli::output::Output;
use crate::cli::table::aligned;
use crate::cli::words::{count, time};

pub(super) fn show(kept: &Kept, json: bool, output: &mut Output<'_>) -> io::Result<Exit> {
    let Some(reports) = read(kept, output)? else { return Ok(Exit::Failed) };
    if json {
        json_lines(kept, &reports, output)?;
        return Ok(exit(&reports));
    }
    writeln!(output.out, "{}  {}", title(kept), kept.folder.display())?;
    let columns = ["SEGMENT", "FIRST", "UNTIL", "RECORDS", "BYTES", "OLDEST", "DAMAGED"];
    let mut table = vec![columns.map(str::to_owned).to_vec()];
    table.extend(reports.iter().enumerate().map(|(index, report)| {
        let info = &report.info;
        let damaged = damage(&reports, index).len();
        vec![
            info.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            info.first.to_string(),
            info.until.to_string(),
            info.records.to_string(),
            info.bytes.to_string(),
            time(info.oldest_ms.unwrap_or(0)),
            if damaged == 0 { "-".to_owned() } else { count(damaged, "place", "places") },
        ]
    }));
    output.out.write_all(aligned(&table).as_bytes())?;
    Ok(exit(&reports))
}

pub(super) fn verify(kept: &Kept, json: bool, output: &mut Output<'_>) -> io::Result<Exit> {
    let Some(reports) = read(kept, output)? else { return Ok(Exit::Failed) };
    if json {
        json_lines(kept, &reports, output)?;
        return Ok(exit(&reports));
    }
    let records: u64 = reports.iter().map(|report| report.info.records).sum();
    let segments = count(reports.len(), "segment", "segments");
    let title = title(kept);
    for (index, report) in reports.iter().enumerate() {
        for piece in damage(&reports, index) {
            let what = match piece.records {
                Some((from, until)) => format!("records {from} up to {until} are lost"),
                None => "how many records are lost cannot be told".to_owned(),
            };
            let path = report.info.path.display();
            writeln!(
                output.out,
                "damaged: {title}: {path}, bytes {} to {}: {what}",
                piece.offset, piece.end
            )?;
        }
    }
    let end = exit(&reports);
    if end == Exit::Done {
        write!(output.out, "whole: {title}: {records} records in {segments}")?;
        if let Some(torn) = reports.last().and_then(torn) {
            let bytes = torn.end - torn.offset;
            write!(
                output.out,
                "; then {bytes} bytes of a write that is under way or was torn by a crash, which the next start cuts off"
            )?;
        }
        writeln!(output.out)?;
    } else {
        writeln!(
            output.out,
            "  help: the gateway goes on with the records that are whole; the bytes of each damaged place become a dead letter"
        )?;
    }
    Ok(end)
}

fn read(kept: &Kept, output: &mut Output<'_>) -> io::Result<Option<Vec<SegmentReport>>> {
    match journal::verify(&kept.folder) {
        Ok(reports) => Ok(Some(reports)),
        Err(error) => {
            let help = "look at the permissions, or run the version that wrote it";
            output.refuse(&format!("{}: {error}", title(kept)), help)?;
            Ok(None)
        }
    }
}

fn title(kept: &Kept) -> String {
    match (kept.pipeline.as_str(), kept.source.as_str()) {
        ("", "") => "journal".to_owned(),
        ("", source) => format!("journal of {source}"),
        (pipeline, source) => format!("pipeline {pipeline}, journal of {source}"),
    }
}

/// A write at the end of a segment that is not whole.
fn torn(report: &SegmentReport) -> Option<&FrameDamage> {
    report.damage.last().filter(|damage| damage.end == report.info.bytes)
}

/// What is damaged in a segment, without the write at the end of the last one that is under way or
/// was torn.
fn damage(reports: &[SegmentReport], index: usize) -> &[FrameDamage] {
    let Some(report) = reports.get(index) else { return &[] };
    let is_last = index + 1 == reports.len();
    match report.damage.split_last() {
        Some((_, before)) if is_last && torn(report).is_some() => before,
        _ => &report.damage,
    }
}

fn exit(reports: &[SegmentReport]) -> Exit {
    let whole = (0..reports.len()).all(|index| damage(reports, index).is_empty());
    if whole { Exit::Done } else { Exit::Failed }
}

fn json_lines(kept: &Kept, reports: &[SegmentReport], output: &mut Output<'_>) -> io::Result<()> {
    for (index, report) in reports.iter().enumerate() {
        let info = &report.info;
        let places: Vec<Value> = damage(reports, index)
            .iter()
            .map(|piece| {
                let records =
                    piece.records.map(|(from, until)| json!({ "from": from, "until": until }));
                json!({ "offset": piece.offset, "end": piece.end, "records": records })
            })
            .collect();
        let line = json!({
            "pipeline": kept.pipeline,
            "source": kept.source,
            "path": info.path,
            "first": info.first,
            "until": info.until,
            "records": info.records,
            "bytes": info.bytes,
            "oldest_ms": info.oldest_ms,
            "damage": places,
        });
        writeln!(output.out, "{line}")?;
    }
    Ok(())
}
