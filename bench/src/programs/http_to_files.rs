//! Posts of a thousand records to files, through the journal; the reference has no journal.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use super::socket_to_files::{connect, free_port};
use crate::input::{self, LINE_BYTES};
use crate::measurement::{Comparison, HEAD, Run};
use crate::options::Options;
use crate::output;
use crate::process::Process;

/// Connections that post at once, one request after the other.
const SENDERS: u64 = 8;
/// Records in each post.
const RECORDS: u64 = 1_000;

pub(crate) fn run(options: &Options) -> Result<()> {
    println!("{HEAD}");
    let mut comparison = Comparison::default();
    for _ in 0..options.rounds {
        comparison.gateway.push(measure(options, gateway)?);
        comparison.reference.push(measure(options, reference)?);
    }
    println!("{}", comparison.row("http, 1000 256-byte lines a post, journal", 0.5));
    Ok(())
}

fn gateway(folder: &Path, port: u16) -> Result<Process> {
    let config = folder.join("forebay.toml");
    fs::write(
        &config,
        format!(
            "[gateway]\nlisten = \"127.0.0.1:0\"\ncheckpoints = \"file://{0}/checkpoints\"\n\n\
             [sources.in]\ntype = \"http\"\nlisten = \"127.0.0.1:{port}\"\n\
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
    Process::reference(folder, &["http-text", &port.to_string(), &out])
}

fn measure(options: &Options, start: fn(&Path, u16) -> Result<Process>) -> Result<Run> {
    let scratch = options.scratch()?;
    let port = free_port()?;
    let mut process = start(scratch.path(), port)?;
    let connections =
        (0..SENDERS).map(|_| connect(port, &mut process)).collect::<Result<Vec<_>>>()?;
    let posts = (options.records / RECORDS / SENDERS).max(1);
    let begun = Instant::now();
    let senders: Vec<_> = connections
        .into_iter()
        .map(|connection| thread::spawn(move || send(connection, posts)))
        .collect();
    for sender in senders {
        sender.join().map_err(|_| anyhow!("a sender panicked"))??;
    }
    let records = posts * RECORDS * SENDERS;
    let bytes = records * LINE_BYTES as u64;
    let wall = output::wait_for_bytes(&scratch.path().join("out"), bytes, begun, &mut process)?;
    process.stop()?;
    let used = process.finish(Duration::from_secs(60))?;
    Ok(Run { records, wall, used })
}

fn send(connection: TcpStream, posts: u64) -> Result<()> {
    let body: Vec<u8> = (0..RECORDS).flat_map(input::line).collect();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let request = [head.into_bytes(), body].concat();
    let mut connection = BufReader::new(connection);
    let mut left = posts;
    while left > 0 {
        connection.get_mut().write_all(&request)?;
        match answer(&mut connection)? {
            200..=299 => left -= 1,
            // Pressure is passed on: the same again, after a moment.
            429 | 503 => thread::sleep(Duration::from_millis(20)),
            status => ensure!(false, "the answer was {status}"),
        }
    }
    Ok(())
}

/// Reads a whole answer and gives its status.
fn answer(connection: &mut impl BufRead) -> Result<u16> {
    let mut line = String::new();
    connection.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.with_context(|| format!("`{}` is no answer", line.trim_end()))?;
    let mut length = 0;
    loop {
        line.clear();
        connection.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse()?;
            }
            Some(_) => {}
            None => break,
        }
    }
    std::io::copy(&mut connection.take(length), &mut std::io::sink())?;
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_to_their_ends() {
        let mut wire =
            &b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 429 Later\r\n\r\n"[..];
        assert_eq!(answer(&mut wire).unwrap(), 200);
        assert_eq!(answer(&mut wire).unwrap(), 429);
        assert!(answer(&mut wire).is_err());
    }
}
