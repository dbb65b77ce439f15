//! How much to measure.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// How much to measure, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// How often each side runs.
    pub(crate) rounds: usize,
    /// How many records each run moves.
    pub(crate) records: u64,
    /// Where input and output lie; a temporary folder if absent.
    pub(crate) folder: Option<PathBuf>,
}

impl Options {
    /// Reads `--rounds N --records N --folder DIR`; so many records if nothing else is said.
    pub(crate) fn parse(records: u64, arguments: &[String]) -> Result<Self> {
        let mut options = Self { rounds: 3, records, folder: None };
        let mut arguments = arguments.iter();
        while let Some(key) = arguments.next() {
            let value = arguments.next().with_context(|| format!("{key} needs a value"))?;
            match key.as_str() {
                "--rounds" => options.rounds = value.parse().context("--rounds")?,
                "--records" => options.records = value.parse().context("--records")?,
                "--folder" => options.folder = Some(value.into()),
                other => bail!("there is no option {other}: --rounds, --records, --folder are"),
            }
        }
        options.rounds = options.rounds.max(1);
        Ok(options)
    }

    /// A new folder that goes when it is dropped.
    pub(crate) fn scratch(&self) -> Result<TempDir> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("forebay-bench-");
        let made = match &self.folder {
            Some(folder) => builder.tempdir_in(folder),
            None => builder.tempdir(),
        };
        made.context("a folder for the benchmark cannot be made")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(7, &line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_have_defaults_and_unknown_ones_are_refused() {
        let usual = parse("").unwrap();
        assert_eq!((usual.records, usual.rounds), (7, 3));
        let options = parse("--records 10 --rounds 0").unwrap();
        assert_eq!((options.records, options.rounds), (10, 1));
        assert!(parse("--record 10").is_err());
        assert!(parse("--rounds").is_err());
    }
}
