//! What being looked at costs a gateway with 1000 splits: an open dashboard, and `/metrics`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::measurement::{as_f64, median};
use crate::options::Options;
use crate::process::Process;

const WINDOW: Duration = Duration::from_secs(20);
const WARM_UP: Duration = Duration::from_secs(5);

/// How often each path is asked for, in milliseconds.
type Looks = &'static [(&'static str, u64)];

/// Who looks, and what they ask: what the pipeline page of the dashboard asks while it is open,
/// and a Prometheus at its shortest usual interval.
const LOOKERS: [(&str, Looks); 3] = [
    ("nobody looks", &[]),
    (
        "an open dashboard",
        &[
            ("/api/pipelines", 1_000),
            ("/api/pipelines/p/history?span=recent&since_ms=9999999999999", 1_000),
            ("/api/pipelines/p/splits?order=lag&limit=60", 2_000),
            ("/api/pipelines/p/batches?brief=true&limit=240", 2_000),
        ],
    ),
    ("`/metrics` with 1000 split series, every 5 s", &[("/metrics", 5_000)]),
];

pub(crate) fn run(options: &Options) -> Result<()> {
    println!("| who looks | % of a core | more than nobody | MiB | more | KiB per s | most |");
    println!("|---|---|---|---|---|---|---|");
    let mut alone = None;
    for (who, looks) in LOOKERS {
        let rounds =
            (0..options.rounds).map(|_| measure(options, looks)).collect::<Result<Vec<Seen>>>()?;
        let of = |pick: fn(&Seen) -> f64| median(rounds.iter().map(pick));
        let (share, mib) = (of(|seen| seen.share), of(|seen| seen.mib));
        let (before, mib_before) = *alone.get_or_insert((share, mib));
        println!(
            "| {who} | {share:.2} | {:.2} | {mib:.1} | {:.1} | {:.1} | 2 % and 20 MiB |",
            share - before,
            mib - mib_before,
            of(|seen| seen.kib_per_second),
        );
    }
    Ok(())
}

/// What was seen of one run.
struct Seen {
    /// Processor time of the gateway, in percent of a core.
    share: f64,
    /// Resident memory at the end.
    mib: f64,
    /// What was answered.
    kib_per_second: f64,
}

fn measure(options: &Options, looks: Looks) -> Result<Seen> {
    let scratch = options.scratch()?;
    let config = scratch.path().join("forebay.toml");
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    fs::write(
        &config,
        format!(
            "[gateway]\nlisten = \"127.0.0.1:{port}\"\nsplit_series = 1000\n\
             checkpoints = \"file://{}/checkpoints\"\n\n\
             [sources.in]\ntype = \"generator\"\nsplits = 1000\nrows_per_second = 10000\n\n\
             [sinks.out]\ntype = \"blackhole\"\n\n\
             [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"1s\"\n",
            scratch.path().display()
        ),
    )?;
    let process = Process::gateway(&config, &[])?;
    let stop = Arc::new(AtomicBool::new(false));
    let bytes = Arc::new(AtomicU64::new(0));
    let (failed, failures) = mpsc::channel();
    let lookers: Vec<_> = looks
        .iter()
        .map(|(path, every_ms)| {
            let (stop, bytes, failed) = (stop.clone(), bytes.clone(), failed.clone());
            let every = Duration::from_millis(*every_ms);
            thread::spawn(move || {
                let looked = look(port, path, every, &stop, &bytes);
                // Whoever waits may be gone.
                let _ = looked.map_err(|error| failed.send(error));
            })
        })
        .collect();
    // Time has to pass here: processor time per wall time is what is measured.
    thread::sleep(WARM_UP);
    let (before, begun) = (process.cpu()?, Instant::now());
    let bytes_before = bytes.load(Ordering::Relaxed);
    thread::sleep(WINDOW);
    let used = process.cpu()?.saturating_sub(before);
    let took = begun.elapsed().as_secs_f64();
    let answered = bytes.load(Ordering::Relaxed) - bytes_before;
    let kib = process.resident_kib()?;
    stop.store(true, Ordering::Relaxed);
    for looker in lookers {
        let _ = looker.join();
    }
    if let Ok(error) = failures.try_recv() {
        return Err(error);
    }
    process.stop()?;
    process.finish(Duration::from_secs(60))?;
    Ok(Seen {
        share: used.as_secs_f64() / took * 100.0,
        mib: as_f64(kib) / 1024.0,
        kib_per_second: as_f64(answered) / 1024.0 / took,
    })
}

/// Asks again and again until it is told to stop, and counts what is answered.
fn look(
    port: u16,
    path: &str,
    every: Duration,
    stop: &AtomicBool,
    bytes: &AtomicU64,
) -> Result<()> {
    let mut next = Instant::now() + WARM_UP / 2;
    while !stop.load(Ordering::Relaxed) {
        if Instant::now() < next {
            thread::sleep(Duration::from_millis(20));
            continue;
        }
        next += every;
        let mut stream = TcpStream::connect(("127.0.0.1", port)).context("the admin address")?;
        let host = format!("Host: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(format!("GET {path} HTTP/1.1\r\n{host}").as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        anyhow::ensure!(answer.starts_with(b"HTTP/1.1 200"), "{path} is not answered");
        bytes.fetch_add(answer.len() as u64, Ordering::Relaxed);
    }
    Ok(())
}
