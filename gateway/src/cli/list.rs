//! `forebay list`: the types of sources and sinks, and their options.

use std::io;

use clap::Args;
use serde_json::json;

use super::exit::Exit;
use super::output::Output;
use super::table::aligned;
use crate::registry::{Entry, Registry};
use crate::schema::{Row, nearest, rows};

/// Show the types of sources and sinks, or the options of one.
#[derive(Debug, Args)]
pub(super) struct List {
    /// A type, such as `files`.
    #[arg(value_name = "TYPE")]
    name: Option<String>,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn run(&self, registry: &Registry, output: &mut Output<'_>) -> io::Result<Exit> {
        match &self.name {
            None => self.types(registry, output),
            Some(name) => self.options(name, registry, output),
        }
    }

    fn types(&self, registry: &Registry, output: &mut Output<'_>) -> io::Result<Exit> {
        let mut table =
            vec![["KIND", "TYPE", "OPTIONS", "WHAT IT DOES"].map(str::to_owned).to_vec()];
        for entry in registry.entries() {
            let options = rows(entry.own()).len();
            if self.json {
                let line = json!({
                    "kind": entry.kind(),
                    "type": entry.name(),
                    "options": options,
                    "summary": entry.summary(),
                });
                writeln!(output.out, "{line}")?;
            }
            table.push(vec![
                entry.kind().to_string(),
                entry.name().to_owned(),
                options.to_string(),
                entry.summary(),
            ]);
        }
        if !self.json {
            output.out.write_all(aligned(&table).as_bytes())?;
        }
        Ok(Exit::Done)
    }

    fn options(
        &self,
        name: &str,
        registry: &Registry,
        output: &mut Output<'_>,
    ) -> io::Result<Exit> {
        let entries: Vec<&Entry> =
            registry.entries().iter().filter(|entry| entry.name() == name).collect();
        if entries.is_empty() {
            let known = registry.entries().iter().map(Entry::name);
            let help = match nearest(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`forebay list` shows all types".to_owned(),
            };
            output.refuse(&format!("there is no type `{name}`"), &help)?;
            return Ok(Exit::Wrong);
        }
        for (index, entry) in entries.into_iter().enumerate() {
            if self.json {
                for row in rows(entry.table()) {
                    let line = json!({ "kind": entry.kind(), "type": name, "option": row });
                    writeln!(output.out, "{line}")?;
                }
                continue;
            }
            if index > 0 {
                writeln!(output.out)?;
            }
            writeln!(output.out, "{} {name}: {}\n", entry.kind(), entry.summary())?;
            output.out.write_all(options_table(&rows(entry.table())).as_bytes())?;
        }
        Ok(Exit::Done)
    }
}

fn options_table(rows: &[Row]) -> String {
    let mut table = vec![["OPTION", "TAKES", "DEFAULT", "MEANING"].map(str::to_owned).to_vec()];
    table.extend(rows.iter().map(|row| {
        let default = match (&row.default, row.required) {
            (_, true) => "(required)".to_owned(),
            (Some(default), false) if default.chars().count() > 32 => "...".to_owned(),
            (Some(default), false) => default.clone(),
            (None, false) => "-".to_owned(),
        };
        let with = row.with.as_ref().map(|with| format!(" [{with}]")).unwrap_or_default();
        vec![row.key.clone(), row.takes.clone(), default, row.summary() + &with]
    }));
    aligned(&table)
}
