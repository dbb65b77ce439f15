//! `forebay dead-letters show`.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::table::aligned;
use crate::cli::words::shortened;
use crate::config::{self, Loaded};
use crate::registry::Registry;
use crate::run::Place;
use crate::run::replay::{Letter, LetterFiles, LetterLine, LetterLines, ReplayError};

/// Show the records that could not be delivered, the oldest first.
///
/// The letters are those that pipelines keep in files beside their checkpoints; letters that went
/// to a sink of their own (`dead_letters = "NAME"`) are shown if they are files of JSON lines and
/// their folder is named. Those that were replayed are not shown. Ends with 1 if a line is broken.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// A configuration, or a folder: of letters, of a pipeline, or of all (`[gateway]
    /// checkpoints`).
    #[arg(value_name = "FILE.toml|DIR")]
    place: PathBuf,
    /// Only those of this pipeline.
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u64,
    /// One JSON object per letter, one per line; `text` has the bytes if they are UTF-8.
    #[arg(long)]
    json: bool,
}

/// Characters of the bytes and of the reason that are shown.
const PREVIEW: usize = 60;
const REASON: usize = 100;

/// What was seen so far.
#[derive(Default)]
struct Seen {
    table: Vec<Vec<String>>,
    shown: u64,
    more: u64,
    broken: bool,
}

impl Show {
    pub(super) fn run(&self, registry: &Registry, output: &mut Output<'_>) -> io::Result<Exit> {
        let folders = if self.place.is_dir() {
            folders(&self.place)
        } else {
            match self.configured(registry, output)? {
                Some(folders) => folders,
                None => return Ok(Exit::Wrong),
            }
        };
        let columns = [
            "TIME", "PIPELINE", "STAGE", "CLASS", "SOURCE", "SPLIT", "POSITION", "TRIED", "REASON",
            "BYTES",
        ];
        let mut seen = Seen { table: vec![columns.map(str::to_owned).to_vec()], ..Seen::default() };
        for folder in folders {
            if let Err(error) = self.folder(&LetterFiles::new(&folder), &mut seen, output) {
                let ReplayError::File { reason, .. } = &error else {
                    output.refuse(&error.to_string(), "look at the file")?;
                    return Ok(Exit::Failed);
                };
                if reason.kind() == io::ErrorKind::BrokenPipe {
                    return Ok(Exit::Done);
                }
                output.refuse(&error.to_string(), "look at the permissions")?;
                return Ok(Exit::Failed);
            }
        }
        if !self.json {
            match seen.shown {
                0 => writeln!(output.out, "no dead letters")?,
                _ => output.out.write_all(aligned(&seen.table).as_bytes())?,
            }
            if seen.more > 0 {
                writeln!(output.out, "... and {} more: --limit shows them", seen.more)?;
            }
        }
        Ok(if seen.broken { Exit::Failed } else { Exit::Done })
    }

    /// The folders of the pipelines of a configuration; `None` if it was refused.
    fn configured(
        &self,
        registry: &Registry,
        output: &mut Output<'_>,
    ) -> io::Result<Option<Vec<PathBuf>>> {
        let environment = |name: &str| std::env::var(name).ok();
        let Loaded { findings, config } =
            config::load(std::slice::from_ref(&self.place), registry, &environment);
        let Some(config) = config else {
            output.findings(&findings, false)?;
            return Ok(None);
        };
        let folder = |name: &str| Place::new(&config.checkpoints, name).dead_letters();
        if self.pipeline.is_some() {
            let chosen =
                crate::cli::pipelines::choose(config.pipelines, self.pipeline.as_deref(), output)?;
            return Ok(chosen.map(|pipeline| vec![folder(&pipeline.name)]));
        }
        Ok(Some(config.pipelines.iter().map(|pipeline| folder(&pipeline.name)).collect()))
    }

    fn folder(
        &self,
        files: &LetterFiles,
        seen: &mut Seen,
        output: &mut Output<'_>,
    ) -> Result<(), ReplayError> {
        let under_way = files.under_way()?.into_iter().map(|file| file.path);
        for path in files.waiting()?.into_iter().chain(under_way) {
            let mut lines = match LetterLines::open(&path, 0) {
                // It was taken by a replay in the meantime.
                Err(ReplayError::File { reason, .. })
                    if reason.kind() == io::ErrorKind::NotFound =>
                {
                    continue;
                }
                lines => lines?,
            };
            loop {
                let written = match lines.next_letter() {
                    Ok(None) => break,
                    Ok(Some(line)) => self.letter(&path, &line, seen, output),
                    Err(error @ ReplayError::Line { .. }) => {
                        seen.broken = true;
                        output.refuse(&error.to_string(), "mend the line, or take it out")
                    }
                    Err(error) => return Err(error),
                };
                written.map_err(|reason| ReplayError::File { path: path.clone(), reason })?;
            }
        }
        Ok(())
    }

    fn letter(
        &self,
        path: &Path,
        line: &LetterLine,
        seen: &mut Seen,
        output: &mut Output<'_>,
    ) -> io::Result<()> {
        let letter = &line.letter;
        if self.pipeline.as_ref().is_some_and(|pipeline| *pipeline != letter.pipeline) {
            return Ok(());
        }
        if seen.shown >= self.limit {
            seen.more += 1;
            return Ok(());
        }
        seen.shown += 1;
        if self.json {
            let mut object: Value = serde_json::from_slice(&line.text)?;
            object["file"] = json!(path);
            object["line"] = json!(line.line);
            if let Some(columns) = letter.columns.as_deref() {
                object["columns"] =
                    serde_json::from_str(columns).unwrap_or_else(|_| json!(columns));
            }
            object["text"] = json!(std::str::from_utf8(&letter.bytes).ok());
            return writeln!(output.out, "{object}");
        }
        seen.table.push(row(letter));
        Ok(())
    }
}

fn row(letter: &Letter) -> Vec<String> {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let stage = match &letter.sink {
        Some(sink) => format!("{} ({sink})", letter.stage),
        None => letter.stage.clone(),
    };
    vec![
        letter.time.clone(),
        letter.pipeline.clone(),
        stage,
        letter.class.clone(),
        or_dash(&letter.source),
        or_dash(&letter.split),
        or_dash(&letter.position),
        letter.attempts.to_string(),
        shortened(&letter.reason, REASON),
        preview(&letter.bytes),
    ]
}

/// The bytes as text if they are UTF-8, else in hexadecimal digits.
fn preview(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => shortened(text, PREVIEW),
        Err(_) => {
            let digits = bytes.iter().take(PREVIEW / 2).map(|byte| format!("{byte:02x}"));
            let more = if bytes.len() > PREVIEW / 2 { "..." } else { "" };
            format!("0x{}{more}", digits.collect::<String>())
        }
    }
}

/// The folders of letters in a folder: itself, that of a pipeline, or those of all.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let own = folder.join("dead-letters");
    if own.is_dir() {
        return vec![own];
    }
    let mut below: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("dead-letters"))
        .filter(|path| path.is_dir())
        .collect();
    below.sort();
    if below.is_empty() {
        below.push(folder.to_owned());
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_text_where_they_can_be() {
        assert_eq!(preview(b"{\"a\":1}\n"), "{\"a\":1} ");
        assert_eq!(preview(&[0xff, 0x00]), "0xff00");
        assert!(preview(&[0xff; 100]).ends_with("ff..."));
    }
}
