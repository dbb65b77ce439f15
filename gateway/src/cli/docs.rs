//! `forebay docs`: the pages that are made from the configuration types.

use std::io;
use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::output::Output;
use crate::docs::{self, Page};
use crate::registry::Registry;

/// Write the reference pages and the option tables of the READMEs.
#[derive(Debug, Args)]
#[command(hide = true)]
pub(super) struct Docs {
    /// The root of the repository.
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// Write nothing; end with 1 if a page is out of date.
    #[arg(long)]
    check: bool,
}

impl Docs {
    pub(super) fn run(&self, registry: &Registry, output: &mut Output<'_>) -> io::Result<Exit> {
        let mut stale = 0;
        for Page { path, text } in docs::pages(registry, &self.root)? {
            let full = self.root.join(&path);
            if std::fs::read_to_string(&full).is_ok_and(|present| present == text) {
                continue;
            }
            stale += 1;
            if self.check {
                writeln!(output.err, "out of date: {}", path.display())?;
                continue;
            }
            if let Some(folder) = full.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&full, text)?;
            writeln!(output.out, "written: {}", path.display())?;
        }
        if self.check && stale > 0 {
            output.refuse("the reference is out of date", "run `cargo run -- docs`")?;
            return Ok(Exit::Failed);
        }
        Ok(Exit::Done)
    }
}
