//! `forebay journal`.

use std::path::{Path, PathBuf};

use arrow::array::BinaryArray;
use forebay_core::clock::SystemClock;
use forebay_core::decode::AsIs;
use forebay_core::journal::{JournalSettings, JournalSource, Limits};
use forebay_core::receiver::Chunk;
use serde_json::Value;

use crate::shell::{forebay, text};

/// A journal of a receiver `in` of a pipeline `orders` with five records.
fn written(root: &Path) -> PathBuf {
    let folder = root.join("orders").join("journal-in");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let settings = JournalSettings::default();
        let (decoder, clock) = (AsIs::shared(None), SystemClock::shared());
        let (intake, mut source) =
            JournalSource::open("in".into(), &folder, &settings, Limits::default(), decoder, clock)
                .await
                .unwrap();
        for records in [&["one", "two", "three"][..], &["four", "five"]] {
            let values = BinaryArray::from_iter_values(records);
            let chunk = Chunk { values, peer: "me".into(), attributes: Vec::new() };
            intake.store(chunk).await.unwrap();
        }
        drop(intake);
        forebay_core::Source::close(&mut source).await;
    });
    folder
}

#[test]
fn segments_and_their_records_are_shown() {
    let root = tempfile::tempdir().unwrap();
    let own = written(root.path());
    for folder in [root.path(), &root.path().join("orders"), &own] {
        let (code, out, err) = forebay(&["journal", "show", text(folder)]);
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.contains("journal of in") && out.contains("SEGMENT"), "{out}");
        let (code, out, _) = forebay(&["journal", "show", text(folder), "--json"]);
        assert_eq!(code, 0);
        let lines: Vec<Value> =
            out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let records: u64 = lines.iter().filter_map(|line| line["records"].as_u64()).sum();
        assert_eq!(records, 5);
        assert_eq!(lines[0]["source"], "in");
    }
    let (code, out, _) = forebay(&["journal", "verify", text(root.path())]);
    assert_eq!(code, 0);
    assert!(out.starts_with("whole: pipeline orders, journal of in: 5 records in "), "{out}");
}

#[test]
fn damage_in_the_middle_is_told_and_a_torn_end_is_not_damage() {
    let root = tempfile::tempdir().unwrap();
    let folder = written(root.path());
    let segments = || std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let segment = segments().find(|path| text(path).ends_with(".segment")).unwrap();
    let whole = std::fs::read(&segment).unwrap();
    let at = whole.windows(5).position(|window| window == b"three").unwrap();
    let mut damaged = whole.clone();
    damaged[at] ^= 1;
    std::fs::write(&segment, &damaged).unwrap();
    let (code, out, _) = forebay(&["journal", "verify", text(root.path())]);
    assert_eq!(code, 1);
    assert!(out.starts_with("damaged: ") && out.contains("records 0 up to 3 are lost"), "{out}");
    assert_eq!(forebay(&["journal", "show", text(root.path())]).0, 1);

    let end = whole.len() - 2;
    std::fs::write(&segment, &whole[..end]).unwrap();
    let (code, out, _) = forebay(&["journal", "verify", text(root.path())]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("3 records in 1 segment; then ") && out.contains("torn"), "{out}");

    let (code, _, err) = forebay(&["journal", "show", text(&root.path().join("nowhere"))]);
    assert_eq!(code, 2);
    assert!(err.contains("only receivers have journals"), "{err}");
}
