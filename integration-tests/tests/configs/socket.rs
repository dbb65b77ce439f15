//! Over sockets.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;

use anyhow::{Result, ensure};
use forebay_integration_tests::port;

use crate::copy::{ADMIN, Copy, LONG, connected, stop_after};

#[test]
fn socket_to_files() -> Result<()> {
    let port = port::free()?;
    let changes = [(ADMIN, "127.0.0.1:0"), ("127.0.0.1:9000\"", &*format!("127.0.0.1:{port}\""))];
    let copy = Copy::new("socket-to-files", &changes)?;
    let gateway = copy.start()?;
    let mut stream = connected(|| TcpStream::connect(("127.0.0.1", port)))?;
    stream.set_read_timeout(Some(LONG))?;
    stream.write_all(b"one\ntwo\n")?;
    stream.shutdown(Shutdown::Write)?;
    let mut stream = BufReader::new(stream);
    let mut answer = String::new();
    while answer != "ack 2\n" {
        answer.clear();
        ensure!(stream.read_line(&mut answer)? > 0, "the lines were not acknowledged");
    }
    stop_after(gateway, 2)?;
    let path = copy.only_file("socket-to-files/lines")?;
    ensure!(path.display().to_string().contains("/lines/date=2"), "{}", path.display());
    ensure!(fs::read(&path)?.starts_with(&[0x1f, 0x8b]), "{} is no gzip", path.display());
    Ok(())
}

#[test]
fn json_to_memory() -> Result<()> {
    let copy = Copy::new("json-to-memory", &[(ADMIN, "127.0.0.1:0")])?;
    let gateway = copy.start()?;
    let mut stream = connected(|| UnixStream::connect(copy.data("json-to-memory.sock")))?;
    let event = r#"{"level":"warn","text":"hot","tags":["a","b"],"at":{"host":"n1","line":7}}"#;
    writeln!(stream, "{event}")?;
    drop(stream);
    gateway.wait_for_more_than(0, LONG)?;
    ensure!(gateway.words().contains("\"dead_letters\":0"), "{}", gateway.last_words());
    gateway.stop(LONG)
}
