//! What becomes of rows by what the program answers, or does not.

use std::fs;
use std::time::{Duration, Instant};

use forebay_core::sink::{SinkError, Verdict, Written};
use tempfile::tempdir;

use crate::building::{batch, shell};

/// Reads a batch.
const BATCH: &str = "while IFS= read -r line && [ -n \"$line\" ]; do echo \"$line\" >>rows; done";

async fn disconnected(script: &str, options: &str) -> String {
    let folder = tempdir().unwrap();
    let mut sink = shell(folder.path(), script, options);
    sink.connect().await.unwrap();
    match sink.write(&batch(&[0..3; 1])).await {
        Err(SinkError::Disconnected(text)) => text,
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn a_program_may_say_row_by_row_what_became_of_them() {
    let folder = tempdir().unwrap();
    let answer = r#"{"errors": [{"row": 1, "reason": "no"}, {"row": 3, "retry": true}]}"#;
    let script = format!("{BATCH}; echo '{answer}'; {BATCH}; echo ok; cat >/dev/null");
    let mut sink = shell(folder.path(), &script, "");
    sink.connect().await.unwrap();
    let written = sink.write(&batch(&[0..2, 2..5])).await.unwrap();
    let found: Vec<_> = written.rejected.iter().map(|it| (it.chunk, it.row, it.verdict)).collect();
    assert_eq!(found, [(0, 1, Verdict::DeadLetter), (1, 1, Verdict::Retry)]);
    assert_eq!(sink.write(&batch(&[3..4; 1])).await.unwrap(), Written::all());
    sink.close().await;
    let rows = fs::read_to_string(folder.path().join("rows")).unwrap();
    assert_eq!(rows.lines().last(), Some("{\"id\":3}"));
}

#[tokio::test]
async fn a_program_that_fails_is_started_again_with_its_last_words_in_the_error() {
    let text = disconnected("read -r line; echo 'disk full' >&2; exit 4", "").await;
    assert!(text.contains("exit status: 4") && text.contains("disk full"), "{text}");
    let folder = tempdir().unwrap();
    let script =
        format!("[ -e again ] || {{ touch again; exit 1; }}; {BATCH}; echo ok; cat >/dev/null");
    let mut sink = shell(folder.path(), &script, "");
    sink.connect().await.unwrap();
    assert!(matches!(sink.write(&batch(&[0..3; 1])).await, Err(SinkError::Disconnected(_))));
    sink.connect().await.unwrap();
    assert_eq!(sink.write(&batch(&[0..3; 1])).await.unwrap(), Written::all());
    assert_eq!(sink.observe().unwrap().observe()["starts"], 2);
    sink.close().await;
}

#[tokio::test]
async fn a_program_that_does_not_answer_is_killed() {
    let text = disconnected("cat >/dev/null; sleep 1000", "timeout = \"200ms\"").await;
    assert!(text.contains("no answer within 200ms"), "{text}");
}

#[tokio::test]
async fn an_answer_that_says_nothing_is_no_answer() {
    let text = disconnected("echo perhaps; cat >/dev/null", "").await;
    assert!(text.contains("perhaps"), "{text}");
    let folder = tempdir().unwrap();
    let mut sink = shell(folder.path(), "head -c 5000000 /dev/zero; cat >/dev/null", "");
    sink.connect().await.unwrap();
    let error = sink.write(&batch(&[0..3; 1])).await.unwrap_err();
    assert!(error.to_string().contains("longer than 4 MiB"), "{error}");
}

#[tokio::test]
async fn more_than_a_pipe_holds_is_written_while_answers_are_read() {
    let folder = tempdir().unwrap();
    let script = "while IFS= read -r line; do [ -n \"$line\" ] || echo ok; done";
    let mut sink = shell(folder.path(), script, "");
    sink.connect().await.unwrap();
    assert_eq!(sink.write(&batch(&[0..30_000; 1])).await.unwrap(), Written::all());
    sink.close().await;
}

#[tokio::test]
async fn without_acknowledgement_rows_are_written_when_they_are_in_the_pipe() {
    let folder = tempdir().unwrap();
    let mut sink = shell(folder.path(), "cat >rows; echo done", "acknowledge = false");
    sink.connect().await.unwrap();
    assert_eq!(sink.write(&batch(&[0..2; 1])).await.unwrap(), Written::all());
    // At a stop its standard input ends, and it may finish.
    sink.close().await;
    assert_eq!(fs::read_to_string(folder.path().join("rows")).unwrap(), "{\"id\":0}\n{\"id\":1}\n");
}

#[tokio::test]
async fn a_program_that_does_not_end_with_its_input_is_killed() {
    let folder = tempdir().unwrap();
    let mut sink = shell(folder.path(), "sleep 1000", "stop_timeout = \"100ms\"");
    sink.connect().await.unwrap();
    let begun = Instant::now();
    sink.close().await;
    assert!(begun.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_tried_again() {
    let folder = tempdir().unwrap();
    let mut sink = shell(folder.path(), "true", "directory = \"not-there\"");
    let error = sink.connect().await.unwrap_err();
    assert!(matches!(&error, SinkError::Transient(text) if text.contains("not-there")), "{error}");
}

#[tokio::test]
async fn a_probe_finds_the_program_and_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let probed = shell(folder.path(), "touch started", "").probe(None).await;
    assert!(probed.is_well(), "{probed:?}");
    assert!(!folder.path().join("started").exists());
    let elsewhere = shell(folder.path(), "true", "directory = \"none\"").probe(None).await;
    assert!(!elsewhere.is_well(), "{elsewhere:?}");
}
