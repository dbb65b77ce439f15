//! What becomes a record.

use std::path::Path;
use std::time::{Duration, Instant};

use forebay_core::journal::Refused;
use forebay_core::testing::{intake, manual_intake};
use tempfile::tempdir;

use crate::running::{build, shell, start};

#[tokio::test]
async fn lines_are_records_and_so_is_the_last_of_a_program_that_ends_well() {
    let folder = tempdir().unwrap();
    let (intake, mut caught) = intake();
    let running = start(shell(folder.path(), "printf 'one\\r\\n\\ntwo'", ""), intake);
    assert_eq!(caught.values(3).await, [&b"one"[..], b"", b"two"]);
    let why = running.why().await;
    assert!(why.contains("ended with exit status: 0"), "{why}");
}

#[tokio::test]
async fn half_a_line_of_a_program_that_fails_is_a_dead_letter() {
    let folder = tempdir().unwrap();
    let (intake, mut caught) = intake();
    let script = "echo one; printf half; echo 'out of luck' >&2; exit 7";
    let running = start(shell(folder.path(), script, ""), intake);
    assert_eq!(caught.values(1).await, [b"one"]);
    let refused = caught.next().await.unwrap();
    assert_eq!(refused.reason.as_ref().unwrap().class, "truncated");
    assert_eq!(refused.values(), [b"half"]);
    let why = running.why().await;
    assert!(why.contains("exit status: 7") && why.contains("out of luck"), "{why}");
}

#[tokio::test]
async fn frames_have_their_length_before_them_and_one_too_long_ends_the_program() {
    let folder = tempdir().unwrap();
    let (intake, mut caught) = intake();
    let script =
        r"printf '\000\000\000\003a\nb\000\000\000\000'; printf '\177\377\377\377xxxx'; sleep 60";
    let options = "framing = \"length-prefixed\"\nmax_frame = \"1KiB\"";
    let running = start(shell(folder.path(), script, options), intake);
    assert_eq!(caught.values(2).await, [&b"a\nb"[..], b""]);
    let refused = caught.next().await.unwrap();
    assert_eq!(refused.reason.as_ref().unwrap().class, "oversize");
    let why = running.why().await;
    assert!(why.contains("max_frame"), "{why}");
}

#[tokio::test]
async fn a_line_that_is_too_long_is_cut_out() {
    let folder = tempdir().unwrap();
    let (intake, mut caught) = intake();
    let script = "echo one; printf '%05000d\\n' 7; echo two";
    let running = start(shell(folder.path(), script, "max_frame = \"1KiB\""), intake);
    let (mut values, mut refused) = (Vec::new(), 0);
    while values.len() < 2 || refused < 1 {
        let arrival = caught.next().await.unwrap();
        match &arrival.reason {
            Some(reason) => {
                assert_eq!((reason.class, arrival.values()[0].len()), ("oversize", 1025));
                refused += 1;
            }
            None => values.extend(arrival.values()),
        }
    }
    assert_eq!(values, [b"one", b"two"]);
    running.why().await;
}

#[tokio::test]
async fn variables_arguments_and_folder_are_those_of_the_options() {
    let folder = tempdir().unwrap();
    std::fs::create_dir(folder.path().join("below")).unwrap();
    let program = folder.path().join("program");
    std::fs::write(&program, "#!/bin/sh\necho \"$1 $WORD $(basename \"$PWD\")\"\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).unwrap();
    let options = "command = [\"./program\", \"a b\"]\ndirectory = \"below\"\nenvironment = { WORD = \"$x\" }";
    let (intake, mut caught) = intake();
    let running = start(build(folder.path(), options), intake);
    assert_eq!(caught.values(1).await, [b"a b $x below"]);
    running.why().await;
}

#[tokio::test]
async fn a_journal_that_fails_is_tried_again_and_then_acknowledged() {
    let folder = tempdir().unwrap();
    let (intake, mut caught) = manual_intake();
    let script = "echo one; read -r line; echo \"heard $line\"";
    let running = start(shell(folder.path(), script, "acknowledge = true"), intake);
    caught.next().await.unwrap().answer(Err(Refused::Failed("no space left".into())));
    let again = caught.next().await.unwrap();
    assert_eq!(again.values(), [b"one"]);
    again.answer(Ok(()));
    let heard = caught.next().await.unwrap();
    assert_eq!(heard.values(), [b"heard ack 1"]);
    heard.answer(Ok(()));
    running.why().await;
}

#[tokio::test]
async fn it_reads_on_while_what_came_before_is_being_stored() {
    let folder = tempdir().unwrap();
    let (intake, mut caught) = manual_intake();
    // More than a pipe holds, and less than is gathered.
    let script = "echo one; while [ ! -e go ]; do sleep 0.01; done; \
                  for n in 1 2 3; do printf '%0100000d\\n' $n; done; : >written";
    let running = start(shell(folder.path(), script, "max_frame = \"1MiB\""), intake);
    let first = caught.next().await.unwrap();
    assert_eq!(first.values(), [b"one"]);
    std::fs::write(folder.path().join("go"), "").unwrap();
    exists(&folder.path().join("written")).await;
    assert!(caught.drain().is_empty(), "they are stored one after the other");
    first.answer(Ok(()));
    let rest = caught.values(3).await;
    let ends: Vec<u8> = rest.iter().filter_map(|line| line.last().copied()).collect();
    assert_eq!((rest.len(), &ends[..]), (3, &b"123"[..]));
    running.why().await;
}

#[tokio::test]
async fn a_program_that_closes_its_output_hears_of_all_that_it_wrote() {
    let folder = tempdir().unwrap();
    let (intake, mut caught) = manual_intake();
    let script = "echo one; while [ ! -e go ]; do sleep 0.01; done; echo two; exec >&-; : >closed; \
                  read -r first; read -r second; echo \"$first, $second\" >said";
    let running = start(shell(folder.path(), script, "acknowledge = true"), intake);
    let first = caught.next().await.unwrap();
    std::fs::write(folder.path().join("go"), "").unwrap();
    exists(&folder.path().join("closed")).await;
    first.answer(Ok(()));
    assert_eq!(caught.values(1).await, [b"two"]);
    running.why().await;
    assert_eq!(std::fs::read_to_string(folder.path().join("said")).unwrap(), "ack 1, ack 2\n");
}

/// Waits until there is a file, ten seconds at most.
async fn exists(path: &Path) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !path.exists() {
        assert!(Instant::now() < deadline, "{} is not there", path.display());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
