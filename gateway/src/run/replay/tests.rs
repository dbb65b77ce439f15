//! Tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use arrow::array::AsArray;
use forebay_core::dead_letter::{self, DeadLetter, Reason, Stage};

use super::files::LetterFiles;
use super::origin::Origin;
use super::redirect::restore;
use super::selection::{Choice, Left};

fn line(pipeline: &str, source: &str, class: &str, bytes: &str) -> String {
    format!(
        r#"{{"pipeline":"{pipeline}","batch":1,"source":"{source}","split":"0","position":"7","stage":"decode","class":"{class}","reason":"r","attempts":1,"time":"2026-01-01T00:00:00.000Z","bytes":"{bytes}"}}"#
    ) + "\n"
}

fn choice(class: Option<&str>, limit: Option<u64>) -> Choice {
    let sources = BTreeSet::from(["in".into()]);
    Choice { pipeline: "p".into(), sources, class: class.map(str::to_owned), limit }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn what_is_not_chosen_stays_and_what_is_chosen_is_moved_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.jsonl");
    let stay = [
        line("other", "in", "type", "01"),
        line("p", "gone", "type", "02"),
        line("p", "in", "oversize", "03"),
    ];
    let go = [line("p", "in", "type", "04"), line("p", "in", "syntax", "05")];
    fs::write(&file, [&stay[0], &go[0], &stay[1], &go[1], &stay[2]].map(String::as_str).concat())
        .unwrap();
    let files = LetterFiles::new(folder.path());
    let selection = choice(None, None).take(&files, "run").unwrap();
    assert_eq!(selection.count(), 2);
    let left = [(Left::Pipeline, 1), (Left::Source, 1), (Left::Cut, 1)];
    assert_eq!(selection.left, left.into_iter().collect());
    assert_eq!(read(&file), stay.concat());
    let taken = folder.path().join("replaying/run/in/a.jsonl");
    assert_eq!(read(&taken), go.concat());

    files.retire(&taken).unwrap();
    assert_eq!(read(&folder.path().join("replayed/run/in/a.jsonl")), go.concat());
    assert!(!folder.path().join("replaying").exists(), "empty folders go");
    let selection = choice(Some("oversize"), None).take(&files, "run2").unwrap();
    assert_eq!(selection.count(), 1, "the class is replayed when it is named");
}

#[test]
fn a_class_and_a_limit_choose_and_a_file_without_a_rest_goes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.jsonl");
    let all = [line("p", "in", "type", "01"), line("p", "in", "type", "02")];
    fs::write(&file, all.concat()).unwrap();
    let files = LetterFiles::new(folder.path());
    assert_eq!(choice(Some("syntax"), None).take(&files, "0").unwrap().count(), 0);
    assert_eq!(read(&file), all.concat());
    assert_eq!(choice(Some("type"), Some(1)).take(&files, "1").unwrap().count(), 1);
    assert_eq!(read(&file), all[1]);
    assert_eq!(choice(None, None).take(&files, "2").unwrap().count(), 1);
    assert!(!file.exists());
    assert_eq!(files.under_way().unwrap().len(), 2);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing hidden stays");
}

#[test]
fn a_broken_line_is_named_and_nothing_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("a.jsonl");
    let broken = [line("p", "in", "type", "01"), line("p", "in", "type", "0g")].concat();
    fs::write(&first, line("p", "in", "type", "01")).unwrap();
    fs::write(folder.path().join("b.jsonl"), &broken).unwrap();
    let error = choice(None, None).take(&LetterFiles::new(folder.path()), "run").unwrap_err();
    let text = error.to_string();
    assert!(text.contains("b.jsonl`, line 2: no dead letter: `bytes`"), "{text}");
    assert!(first.exists() && !folder.path().join("replaying").exists());
}

#[test]
fn a_letter_that_fails_again_keeps_its_origin_and_counts_its_attempts() {
    let origin =
        Origin { split: Some("7".into()), position: None, attempts: 2, columns: Some("{}".into()) };
    let letter = |position: &str| DeadLetter {
        pipeline: "p".into(),
        batch: 1,
        source: Some("in".into()),
        split: Some("run/a.jsonl".into()),
        position: Some(position.into()),
        stage: Stage::Decode,
        sink: None,
        reason: Reason::new("type", "no number"),
        attempts: 1,
        time_ms: 5,
        bytes: b"x".to_vec(),
        columns: Some("{\"origin\":\"\"}".into()),
    };
    let letters = [letter(&origin.to_text()), letter("plain")];
    let restored = restore(&dead_letter::to_columns(&letters).unwrap()).unwrap();
    let text = |name: &str| -> Vec<Option<String>> {
        let column = restored.column_by_name(name).unwrap().as_string::<i32>();
        column.iter().map(|cell| cell.map(str::to_owned)).collect()
    };
    assert_eq!(text("split"), [Some("7".to_owned()), Some("run/a.jsonl".to_owned())]);
    assert_eq!(text("position"), [None, Some("plain".to_owned())]);
    let columns = ["{}", "{\"origin\":\"\"}"].map(|text| Some(text.to_owned()));
    assert_eq!(text("columns"), columns);
    let attempts = restored.column_by_name("attempts").unwrap();
    let attempts = attempts.as_primitive::<arrow::datatypes::UInt32Type>();
    assert_eq!(attempts.values(), &[3, 1]);
}
