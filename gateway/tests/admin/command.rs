//! `forebay run` and its admin address.

use std::net::TcpListener;
use std::process::Command;

/// Runs a configuration until what is there is done: how it ended, and what it wrote.
fn run(listen: &str) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("forebay.toml");
    let text = format!(
        "[gateway]\nlisten = \"{listen}\"\n[sources.in]\ntype = \"generator\"\ncount = 10\n\
         unlimited = true\n[sinks.out]\ntype = \"memory\"\n[pipelines.p]\nfrom = [\"in\"]\n\
         to = [\"out\"]\ninterval = \"10ms\"\n"
    );
    std::fs::write(&path, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "--available-now", "--progress", "jsonl"])
        .arg(&path)
        .env_remove("FOREBAY_LOG")
        .output()
        .unwrap();
    let code = output.status.code();
    assert!(code == Some(0) || !folder.path().join("data").exists(), "nothing is begun");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (code, text(output.stdout), text(output.stderr))
}

#[test]
fn an_address_that_is_taken_ends_it_with_1_before_anything_began() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap().to_string();
    let (code, out, err) = run(&address);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.contains(&format!("the admin address {address} cannot be had")), "{err}");
    if cfg!(target_os = "linux") {
        assert!(err.contains(&format!("process {} (", std::process::id())), "{err}");
    }
    assert!(err.contains("help: ") && err.contains("`listen` in [gateway]"), "{err}");
}

#[test]
fn an_address_that_this_machine_has_not_ends_it_with_1() {
    // 192.0.2.0/24 is nobody's (RFC 5737).
    let (code, _, err) = run("192.0.2.1:8030");
    assert_eq!(code, Some(1));
    assert!(err.contains("no interface of this machine"), "{err}");
}

#[test]
fn with_any_port_it_says_which_and_only_batches_go_to_standard_output() {
    let (code, out, err) = run("127.0.0.1:0");
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("p: done: 10 records"), "{err}");
    let port = err.split("http://127.0.0.1:").nth(1).and_then(|rest| rest.lines().next());
    assert!(port.and_then(|port| port.parse::<u16>().ok()).is_some_and(|port| port > 0), "{err}");
    assert!(out.lines().all(|line| line.starts_with("{\"pipeline\":\"p\"")), "{out}");

    let (code, _, err) = run("off");
    assert_eq!(code, Some(0), "{err}");
    assert!(!err.contains("admin address"), "{err}");
}
