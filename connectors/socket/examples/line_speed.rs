//! How many lines of 256 bytes per second one connection brings to an intake that stores nothing.
//! `cargo run --release -p forebay-socket-source --example line_speed`
#![expect(clippy::print_stdout, reason = "a measurement is for people")]

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_core::component::{BuildContext, Input, SourceComponent};
use forebay_core::testing::intake;
use forebay_socket_source::Socket;
use tokio_util::sync::CancellationToken;

const LINES: usize = 8_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    // One thread for all of the receiver; the sender has another.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(measure())
}

async fn measure() -> Result<(), Box<dyn Error>> {
    let config: forebay_socket_source::SocketConfig =
        serde_json::from_str(r#"{ "listen": "tcp://127.0.0.1:0" }"#)?;
    let context = BuildContext {
        name: Arc::from("in"),
        pipeline: Arc::from("p"),
        base: std::env::temp_dir(),
        instance: Arc::from("i"),
    };
    let Ok(Input::Receiver(mut receiver)) = Socket::build(config, &context) else {
        return Err("no receiver".into());
    };
    let state = receiver.observe().ok_or("nothing to observe")?;
    let (intake, mut caught) = intake();
    let stop = CancellationToken::new();
    let token = stop.clone();
    let running = tokio::spawn(async move { receiver.run(intake, token).await });
    let address = loop {
        if let Some(address) = state.observe()["listening"].as_str() {
            break address.trim_start_matches("tcp://").to_owned();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    let sender = std::thread::spawn(move || -> std::io::Result<()> {
        let line = [vec![b'x'; 255], b"\n".to_vec()].concat();
        let block = line.repeat(1000);
        let mut stream = std::net::TcpStream::connect(address)?;
        (0..LINES / 1000).try_for_each(|_| stream.write_all(&block))
    });
    let (begin, cpu) = (Instant::now(), cpu_time());
    let (mut records, mut chunks) = (0, 0);
    while records < LINES {
        let arrival = caught.next().await.ok_or("nothing came")?;
        records += arrow::array::Array::len(&arrival.chunk.values);
        chunks += 1;
    }
    let (seconds, cpu) = (begin.elapsed().as_secs_f64(), cpu_time().saturating_sub(cpu));
    sender.join().map_err(|_| "the sender failed")??;
    stop.cancel();
    running.await??;
    let rate = |seconds: f64| records as f64 / seconds / 1e6;
    println!("{records} lines of 256 bytes in {chunks} chunks, {seconds:.2} s");
    println!("{:.2} million lines per second", rate(seconds));
    println!("{:.2} million lines per second of the receiver's CPU time", rate(cpu.as_secs_f64()));
    Ok(())
}

/// The CPU time of this thread.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
