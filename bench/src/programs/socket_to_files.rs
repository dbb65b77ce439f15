//! Lines from TCP to files, through the journal; the reference has no journal.

use std::fs;
use std::io::{BufWriter, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use crate::input::{self, LINE_BYTES};
use crate::measurement::{Comparison, HEAD, Run};
use crate::options::Options;
use crate::output;
use crate::process::{PAUSE, Process};

/// Connections that send at once.
const SENDERS: u64 = 2;

pub(crate) fn run(options: &Options) -> Result<()> {
    println!("{HEAD}");
    let mut comparison = Comparison::default();
    for _ in 0..options.rounds {
        comparison.gateway.push(measure(options, gateway)?);
        comparison.reference.push(measure(options, reference)?);
    }
    println!("{}", comparison.row("socket, 256-byte lines, journal", 0.5));
    Ok(())
}

fn gateway(folder: &Path, port: u16) -> Result<Process> {
    let config = folder.join("forebay.toml");
    fs::write(
        &config,
        format!(
            "[gateway]\nlisten = \"127.0.0.1:0\"\ncheckpoints = \"file://{0}/checkpoints\"\n\n\
             [sources.in]\ntype = \"socket\"\nlisten = \"tcp://127.0.0.1:{port}\"\n\
             format = \"text\"\n\n\
             [sinks.out]\ntype = \"files\"\npath = \"{0}/out\"\nformat = \"text\"\n\
             roll_interval = \"200ms\"\n\n\
             [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"100ms\"\n",
            folder.display()
        ),
    )?;
    Process::gateway(&config, &[])
}

fn reference(folder: &Path, port: u16) -> Result<Process> {
    let out = folder.join("out").display().to_string();
    Process::reference(folder, &["socket-text", &port.to_string(), &out])
}

fn measure(options: &Options, start: fn(&Path, u16) -> Result<Process>) -> Result<Run> {
    let scratch = options.scratch()?;
    let port = free_port()?;
    let mut process = start(scratch.path(), port)?;
    let connections =
        (0..SENDERS).map(|_| connect(port, &mut process)).collect::<Result<Vec<_>>>()?;
    let each = options.records / SENDERS;
    let begun = Instant::now();
    let senders: Vec<_> = connections
        .into_iter()
        .map(|connection| thread::spawn(move || send(connection, each)))
        .collect();
    for sender in senders {
        sender.join().map_err(|_| anyhow!("a sender panicked"))??;
    }
    let records = each * SENDERS;
    let bytes = records * LINE_BYTES as u64;
    let wall = output::wait_for_bytes(&scratch.path().join("out"), bytes, begun, &mut process)?;
    process.stop()?;
    let used = process.finish(Duration::from_secs(60))?;
    Ok(Run { records, wall, used })
}

fn send(connection: TcpStream, records: u64) -> std::io::Result<()> {
    // A thousand different lines, made before: sending must not be what is measured.
    let lines: Vec<u8> = (0..1_000).flat_map(input::line).collect();
    let mut connection = BufWriter::with_capacity(1 << 16, connection);
    let mut left = records;
    while left > 0 {
        let now = usize::try_from(left.min(1_000)).unwrap_or(1_000);
        connection.write_all(&lines[..now * LINE_BYTES])?;
        left -= now as u64;
    }
    connection.flush()
}

/// A port that is free now, outside the range of outgoing connections: connecting to it before
/// anyone listens must not reach the caller itself.
pub(crate) fn free_port() -> Result<u16> {
    (20_000..32_000)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no port between 20000 and 32000 is free")
}

/// Connects as soon as the process listens.
pub(crate) fn connect(port: u16, process: &mut Process) -> Result<TcpStream> {
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
