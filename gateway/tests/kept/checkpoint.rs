//! `forebay checkpoint`.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::shell::{binary, forebay, text};

/// A checkpoint of a pipeline that wrote 1000 records to files.
fn written() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("a.toml");
    let content = "[gateway]\ncheckpoints = \"c\"\nlisten = \"off\"\n[sources.in]\n\
         type = \"generator\"\nunlimited = true\ncount = 1000\nsplits = 2\n[sinks.out]\n\
         type = \"files\"\npath = \"out\"\n[pipelines.orders]\nfrom = [\"in\"]\nto = [\"out\"]\n\
         interval = \"20ms\"\nmax_batch_records = 300\n";
    std::fs::write(&config, content).unwrap();
    binary(&["run", text(&config)]);
    let all = folder.path().join("c");
    (folder, all)
}

#[test]
fn each_folder_above_it_shows_the_checkpoint() {
    let (_folder, all) = written();
    let pipeline = all.join("orders");
    let own = pipeline.join("checkpoint");
    for folder in [&all, &pipeline, &own] {
        let (code, out, err) = forebay(&["checkpoint", "show", text(folder)]);
        assert_eq!((code, err.as_str()), (0, ""));
        for part in ["pipeline orders  ", "epoch 1 by ", "committed  batch ", "2 splits of in"] {
            assert!(out.contains(part), "{part}\n{out}");
        }
        assert!(out.contains("\nSINK  RECEIPT\nout   "), "{out}");
        let (code, out, _) = forebay(&["checkpoint", "show", text(folder), "--json"]);
        assert_eq!((code, out.lines().count()), (0, 1));
        let line: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(line["pipeline"], "orders");
        assert_eq!(line["ledger"]["sources"]["in"]["finished"], serde_json::json!(["0", "1"]));
        assert_eq!(line["damage"], Value::Null);
    }
    let (code, out, _) = forebay(&["checkpoint", "verify", text(&all)]);
    assert_eq!(code, 0);
    assert!(out.starts_with("whole: orders: "), "{out}");
    let (code, out, _) = forebay(&["checkpoint", "repair", text(&all)]);
    assert_eq!(code, 0);
    assert!(out.ends_with("nothing to mend\n"), "{out}");
}

#[test]
fn damage_is_found_told_and_mended() {
    let (_folder, all) = written();
    let log = all.join("orders/checkpoint/log");
    let mut bytes = std::fs::read(&log).unwrap();
    let newline = |byte: &u8| *byte == b'\n';
    let first = bytes.iter().position(newline).unwrap();
    bytes[first + 12] ^= 1;
    std::fs::write(&log, &bytes).unwrap();
    let (code, out, _) = forebay(&["checkpoint", "verify", text(&all)]);
    assert_eq!(code, 1);
    assert!(out.starts_with("damaged: orders: after 1 entry: line 2 at byte "), "{out}");
    assert!(out.contains("forebay checkpoint repair"), "{out}");
    let (code, out, _) = forebay(&["checkpoint", "show", text(&all)]);
    assert_eq!(code, 1);
    assert!(out.contains("damaged: line 2"), "{out}");
    let (code, out, _) = forebay(&["checkpoint", "verify", text(&all), "--json"]);
    let line: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, line["entries"].as_u64()), (1, Some(1)));

    let (code, out, _) = forebay(&["checkpoint", "repair", text(&all)]);
    assert_eq!(code, 0);
    assert!(out.starts_with("mended: orders: 1 entry stay"), "{out}");
    let kept = out.trim_end().rsplit(": ").next().unwrap();
    assert_eq!(std::fs::read(kept).unwrap(), bytes);
    assert_eq!(forebay(&["checkpoint", "verify", text(&all)]).0, 0);
}

#[test]
fn a_torn_write_is_no_damage_and_a_folder_without_a_checkpoint_is_said() {
    let (folder, all) = written();
    let log = all.join("orders/checkpoint/log");
    let mut bytes = std::fs::read(&log).unwrap();
    bytes.extend_from_slice(b"0badf00d {\"pl");
    std::fs::write(&log, &bytes).unwrap();
    let (code, out, _) = forebay(&["checkpoint", "verify", text(&all)]);
    assert_eq!(code, 0);
    assert!(out.contains("13 bytes of a write that"), "{out}");
    let nothing = folder.path().join("out");
    for place in [nothing, folder.path().join("nowhere")] {
        let (code, _, err) = forebay(&["checkpoint", "show", text(&place)]);
        assert_eq!(code, 2);
        assert!(err.contains("help: name a checkpoint"), "{err}");
    }
}
