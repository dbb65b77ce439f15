//! What all programs have in common in which records are sent to a port and end up in files.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use crate::input::LINE_BYTES;
use crate::measurement::{Comparison, HEAD, Run};
use crate::options::Options;
use crate::output;
use crate::process::{PAUSE, Process};

/// Records are sent to a port, and end up in files.
pub(super) struct Receiving {
    /// What is sent.
    pub(super) what: &'static str,
    /// The options of the source that takes them at a port, as lines of TOML.
    pub(super) source: fn(u16) -> String,
    /// The bare loop that does the same.
    pub(super) reference: &'static str,
    /// Connections that send at once.
    pub(super) senders: u64,
    /// Sends so many lines over a connection.
    pub(super) send: fn(TcpStream, u64) -> Result<()>,
}

impl Receiving {
    /// Compares the gateway with and without its journal, and the reference with and without a
    /// log.
    pub(super) fn run(&self, options: &Options) -> Result<()> {
        let ways = [Self::journal, Self::logged, Self::memory, Self::bare];
        rows(self.what, options.rounds, ways.map(|start| move || self.measure(options, start)))
    }

    fn journal(&self, folder: &Path, port: u16) -> Result<Process> {
        self.gateway(folder, port, "journal")
    }

    fn memory(&self, folder: &Path, port: u16) -> Result<Process> {
        self.gateway(folder, port, "memory")
    }

    fn gateway(&self, folder: &Path, port: u16, durability: &str) -> Result<Process> {
        gateway(folder, &(self.source)(port), durability)
    }

    fn bare(&self, folder: &Path, port: u16) -> Result<Process> {
        let out = folder.join("out").display().to_string();
        Process::reference(folder, &[self.reference, &port.to_string(), &out])
    }

    fn logged(&self, folder: &Path, port: u16) -> Result<Process> {
        let [out, log] = ["out", "log"].map(|name| folder.join(name).display().to_string());
        Process::reference(folder, &[self.reference, &port.to_string(), &out, &log])
    }

    fn measure(
        &self,
        options: &Options,
        start: fn(&Self, &Path, u16) -> Result<Process>,
    ) -> Result<Run> {
        let scratch = options.scratch()?;
        let port = free_port()?;
        let mut process = start(self, scratch.path(), port)?;
        let connections =
            (0..self.senders).map(|_| connect(port, &mut process)).collect::<Result<Vec<_>>>()?;
        let (send, each) = (self.send, options.records / self.senders);
        let begun = Instant::now();
        let senders: Vec<_> = connections
            .into_iter()
            .map(|connection| thread::spawn(move || send(connection, each)))
            .collect();
        for sender in senders {
            sender.join().map_err(|_| anyhow!("a sender panicked"))??;
        }
        let records = each * self.senders;
        let bytes = records * LINE_BYTES as u64;
        let out = scratch.path().join("out");
        let wall = output::wait_for_bytes(&out, bytes, begun, &mut process)?;
        process.stop()?;
        let used = process.finish(Duration::from_secs(60))?;
        Ok(Run { records, wall, used })
    }
}

/// Measures the gateway with its journal, the reference with a log, the gateway without a
/// journal and the reference without a log, in turn, and shows how they compare.
pub(super) fn rows(what: &str, rounds: usize, ways: [impl Fn() -> Result<Run>; 4]) -> Result<()> {
    println!("{HEAD}");
    let mut runs = [const { Vec::new() }; 4];
    for _ in 0..rounds {
        for (runs, way) in runs.iter_mut().zip(&ways) {
            runs.push(way()?);
        }
    }
    let [journal, logged, memory, bare] = runs;
    for (way, least, gateway, reference) in [
        ("through the journal, beside a loop with a log", "0.7", journal.clone(), logged),
        ("`durability = \"memory\"`, beside a bare loop", "0.7", memory, bare.clone()),
        ("through the journal, beside a bare loop", "0.5", journal, bare),
    ] {
        println!("{}", Comparison { gateway, reference }.row(&format!("{what}, {way}"), least));
    }
    Ok(())
}

/// A port that is free now, outside the range of outgoing connections: connecting to it before
/// anyone listens must not reach the caller itself.
fn free_port() -> Result<u16> {
    (20_000..32_000)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no port between 20000 and 32000 is free")
}

/// Connects as soon as the process listens.
fn connect(port: u16, process: &mut Process) -> Result<TcpStream> {
    loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(stream) => return Ok(stream),
            Err(error)
                if !process.look()? || process.begun().elapsed() > Duration::from_secs(20) =>
            {
                return Err(error).context("nobody listens");
            }
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

/// Starts a gateway that brings the text of a source, as lines of TOML, to `out` in a folder.
pub(super) fn gateway(folder: &Path, source: &str, durability: &str) -> Result<Process> {
    let config = folder.join("forebay.toml");
    fs::write(
        &config,
        format!(
            "[gateway]\nlisten = \"127.0.0.1:0\"\ncheckpoints = \"file://{0}/checkpoints\"\n\n\
             [sources.in]\n{source}\nformat = \"text\"\n\
             journal = {{ durability = \"{durability}\" }}\n\n\
             [sinks.out]\ntype = \"files\"\npath = \"{0}/out\"\nformat = \"text\"\n\
             roll_interval = \"200ms\"\n\n\
             [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"100ms\"\n",
            folder.display()
        ),
    )?;
    Process::gateway(&config, &[])
}
