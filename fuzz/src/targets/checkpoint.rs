//! Logs of a checkpoint. Checksums are made to fit, or nothing behind them would ever be reached.

use std::cell::RefCell;

use forebay_core::checkpoint::{show, verify};

use crate::scratch::Scratch;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

/// The input is the log without its checksums; the first byte says how it is damaged.
pub(super) fn run(data: &[u8]) {
    let [how, text @ ..] = data else { return };
    let mut log = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        log.extend_from_slice(format!("{:08x} ", crc32fast::hash(line)).as_bytes());
        log.extend_from_slice(line);
        log.push(b'\n');
    }
    match how {
        1 => log.truncate(text.len() / 2),
        2 => log = text.to_vec(),
        _ => {}
    }
    SCRATCH.with_borrow(|scratch| {
        scratch.write("log", &log);
        let entries = show(scratch.folder()).unwrap();
        let found = verify(scratch.folder()).unwrap();
        assert_eq!(entries.len(), found.entries);
        assert!(found.bytes + found.torn_tail_bytes <= log.len() as u64);
        assert!(found.damage.is_none() || found.torn_tail_bytes == 0);
    });
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let opened = r#"{"opened":{"version":1,"pipeline":"p","epoch":3,"owner":"host:1","time_ms":1700000000000}}"#;
    let plan = r#"{"plan":{"batch":1,"time_ms":1,"ranges":[{"source":"a","split":"s","generation":0,"from":"0","until":"5","records":5,"bytes":50,"last":false}]}}"#;
    let commit = r#"{"commit":{"upto":1,"time_ms":2,"sources":{"a":{"positions":{"s":{"generation":0,"position":"5"}},"finished":["t"]}}}}"#;
    [
        format!("\0{opened}\n{plan}\n{commit}"),
        format!("\u{1}{opened}\n{plan}"),
        format!("\u{2}{opened}\n"),
    ]
    .map(String::into_bytes)
    .to_vec()
}
