//! Files to files: text as it is, and JSON by way of typed columns.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::input::{self, ORDER_SCHEMA};
use crate::measurement::{Comparison, HEAD, Run};
use crate::options::Options;
use crate::output::visible_bytes;
use crate::process::Process;

/// One way from files to files.
pub(super) struct Way {
    /// As the table and the reference call it.
    pub(super) name: &'static str,
    /// The options of the source that takes the files of a folder, as lines of TOML.
    pub(super) source: fn(&str) -> String,
    /// The keys of the source's format.
    pub(super) decoding: String,
    /// The sink's format.
    pub(super) format: &'static str,
    /// Makes a record.
    pub(super) record: fn(u64) -> Vec<u8>,
    /// How many files the gateway's input is divided into; the reference reads it as one.
    pub(super) files: u64,
}

/// New files, each of which is read once.
fn new_files(folder: &str) -> String {
    format!("type = \"files\"\npath = \"{folder}\"\nsettle = \"0s\"")
}

pub(crate) fn run(options: &Options) -> Result<()> {
    println!("{HEAD}");
    let schema = format!("format = \"json\"\nschema = {ORDER_SCHEMA}");
    for way in [
        Way {
            name: "text-text",
            source: new_files,
            decoding: "format = \"text\"".to_owned(),
            format: "text",
            record: input::line,
            files: 1,
        },
        Way {
            name: "text-text",
            source: new_files,
            decoding: "format = \"text\"".to_owned(),
            format: "text",
            record: input::line,
            files: 8,
        },
        Way {
            name: "json-json",
            source: new_files,
            decoding: schema.clone(),
            format: "json",
            record: input::order,
            files: 1,
        },
        Way {
            name: "json-parquet",
            source: new_files,
            decoding: schema,
            format: "parquet",
            record: input::order,
            files: 1,
        },
    ] {
        way.run(way.name, options)?;
    }
    Ok(())
}

impl Way {
    /// Compares the gateway with the reference, in a row of this name.
    pub(super) fn run(&self, name: &str, options: &Options) -> Result<()> {
        let name = match self.files {
            1 => name.to_owned(),
            files => format!("{name}, {files} files"),
        };
        println!("{}", compare(self, options)?.row(&name, "0.7"));
        Ok(())
    }
}

fn compare(way: &Way, options: &Options) -> Result<Comparison> {
    let scratch = options.scratch()?;
    let folder = scratch.path();
    fs::create_dir(folder.join("in"))?;
    input::write_file(&folder.join("records.txt"), options.records, way.record)?;
    for file in 0..way.files {
        let path = folder.join(format!("in/records-{file}.txt"));
        input::write_file(&path, options.records / way.files, way.record)?;
    }
    let mut comparison = Comparison::default();
    for _ in 0..options.rounds {
        comparison.gateway.push(gateway(way, options, folder)?);
        comparison.reference.push(reference(way, options, folder)?);
    }
    Ok(comparison)
}

fn gateway(way: &Way, options: &Options, folder: &Path) -> Result<Run> {
    let out = folder.join("out");
    let config = folder.join("forebay.toml");
    fs::write(
        &config,
        format!(
            "[gateway]\nlisten = \"127.0.0.1:0\"\ncheckpoints = \"file://{0}/checkpoints\"\n\n\
             [sources.in]\n{3}\n{1}\n\n\
             [sinks.out]\ntype = \"files\"\npath = \"{0}/out\"\nformat = \"{2}\"\n\
             roll_interval = \"10m\"\n\n\
             [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"100ms\"\n",
            folder.display(),
            way.decoding,
            way.format,
            (way.source)(&format!("{}/in", folder.display())),
        ),
    )?;
    let used = Process::gateway(&config, &["--available-now"])?.finish(LIMIT)?;
    ensure!(visible_bytes(&out)? > 0, "the gateway wrote nothing");
    fs::remove_dir_all(&out)?;
    fs::remove_dir_all(folder.join("checkpoints"))?;
    Ok(Run { records: options.records, wall: used.wall, used })
}

fn reference(way: &Way, options: &Options, folder: &Path) -> Result<Run> {
    let (from, to) = (folder.join("records.txt"), folder.join("reference"));
    let arguments = [way.name, &from.display().to_string(), &to.display().to_string()];
    let used = Process::reference(folder, &arguments)?.finish(LIMIT)?;
    ensure!(visible_bytes(&to)? > 0, "the reference wrote nothing");
    fs::remove_dir_all(&to)?;
    Ok(Run { records: options.records, wall: used.wall, used })
}

const LIMIT: Duration = Duration::from_secs(600);
