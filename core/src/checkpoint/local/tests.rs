mod lost_folder;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::super::{
    Checkpoint, CheckpointError, Commit, Entry, Ledger, LocalCheckpoint, Plan, PositionAt,
    SourceCommit, repair, show, verify,
};
use crate::checkpoint::line;
use crate::checkpoint::log::{Log, parse};
use crate::durable_file::faults;
use crate::range::Range;
use crate::transform::State;

fn plan(batch: u64) -> Plan {
    let range = Range {
        source: "in".into(),
        split: "0".into(),
        generation: 1,
        from: (batch * 10).into(),
        until: (batch * 10 + 10).into(),
        records: 10,
        bytes: 100,
        last: false,
    };
    Plan { batch, time_ms: batch * 1000, ranges: vec![range] }
}

fn commit(upto: u64, state: Option<&[u8]>) -> Commit {
    let position = PositionAt { position: (upto * 10 + 10).into(), generation: 1 };
    let moved = SourceCommit { positions: [("0".into(), position)].into(), ..Default::default() };
    let state = state.map(|bytes| State { schema: "s".into(), version: 1, bytes: bytes.to_vec() });
    Commit { upto, sources: [("in".into(), moved)].into(), state, ..Commit::default() }
}

async fn open(folder: &Path) -> Result<LocalCheckpoint, CheckpointError> {
    LocalCheckpoint::open(folder, "p", 1).await
}

/// A folder with a log of some batches, the last of which is planned only.
async fn filled(folder: &Path, batches: u64) -> Ledger {
    let mut checkpoint = open(folder).await.expect("opened");
    for batch in 1..=batches {
        checkpoint.plan(plan(batch), false).await.expect("planned");
        if batch < batches {
            checkpoint.commit(commit(batch, None), true).await.expect("committed");
        }
    }
    checkpoint.ledger().clone()
}

fn same_but_for_the_opening(left: &Ledger, right: &Ledger) -> bool {
    *left == Ledger { opened: left.opened.clone(), ..right.clone() }
}

#[tokio::test]
async fn a_log_is_found_as_it_was_left_under_a_higher_epoch() {
    let folder = tempfile::tempdir().expect("a folder");
    let left = filled(folder.path(), 5).await;
    let found = open(folder.path()).await.expect("opened");
    assert!(same_but_for_the_opening(&left, found.ledger()));
    assert_eq!((left.opened.epoch, found.ledger().opened.epoch), (1, 2));
    assert_eq!(found.ledger().pending.len(), 1);
    assert_eq!(verify(folder.path()).expect("verified").ledger, *found.ledger());
}

#[tokio::test]
async fn the_second_of_two_openers_is_told_who_has_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = open(folder.path()).await.expect("opened");
    let second = open(folder.path()).await.expect_err("refused");
    let CheckpointError::Taken(text) = second else { panic!("taken, not {second:?}") };
    assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
    assert!(matches!(repair(folder.path()), Err(CheckpointError::Taken(_))));
    drop(first);
    open(folder.path()).await.expect("free again");
}

#[tokio::test]
async fn a_newer_epoch_stops_the_older_one_also_without_locks() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut checkpoint = open(folder.path()).await.expect("opened");
    checkpoint.plan(plan(1), true).await.expect("planned");
    let newer = r#"{"epoch":2,"host":"elsewhere","pid":7,"since_ms":5}"#;
    fs::write(folder.path().join("owner"), newer).expect("written");
    let before = fs::read(folder.path().join("log")).expect("read");
    let refused = checkpoint.commit(commit(1, None), true).await.expect_err("refused");
    let CheckpointError::Taken(text) = refused else { panic!("taken, not {refused:?}") };
    assert!(text.contains("process 7 on elsewhere (epoch 2"), "{text}");
    assert_eq!(fs::read(folder.path().join("log")).expect("read"), before);
    assert_eq!(checkpoint.ledger().committed, 0);
}

#[tokio::test]
async fn another_pipeline_and_a_newer_version_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(folder.path(), 1).await;
    let other = LocalCheckpoint::open(folder.path(), "q", 1).await.expect_err("refused");
    assert!(other.to_string().contains("belongs to the pipeline `p`, not to `q`"), "{other}");

    let newer = br#"{"opened":{"version":2,"pipeline":"p","epoch":9,"owner":"x","time_ms":0}}"#;
    let mut log = fs::read(folder.path().join("log")).expect("read");
    log.extend(format!("{:08x} ", crc32fast::hash(newer)).bytes());
    log.extend(newer);
    log.push(b'\n');
    fs::write(folder.path().join("log"), &log).expect("written");
    let refused = open(folder.path()).await.expect_err("refused");
    assert!(refused.to_string().contains("run the version that wrote it"), "{refused}");
    assert!(repair(folder.path()).is_err());
    assert_eq!(fs::read(folder.path().join("log")).expect("read"), log);
}

#[tokio::test]
async fn damage_is_refused_and_a_repair_cuts_it_off() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(folder.path(), 3).await;
    let path = folder.path().join("log");
    let mut log = fs::read(&path).expect("read");
    let third = show(folder.path()).expect("shown")[2].clone();
    log[usize::try_from(third.offset).expect("small") + 20] ^= 1;
    fs::write(&path, &log).expect("written");

    let refused = open(folder.path()).await.expect_err("refused");
    assert!(matches!(refused, CheckpointError::Unreadable(_)));
    for part in ["line 3", &format!("byte {}", third.offset), "verify", "repair", "once more"] {
        assert!(refused.to_string().contains(part), "{part}: {refused}");
    }
    let verification = verify(folder.path()).expect("verified");
    assert_eq!((verification.entries, verification.bytes), (2, third.offset));
    assert_eq!(verification.damage.expect("damage").line, 3);

    let repaired = repair(folder.path()).expect("repaired");
    assert_eq!(repaired.cut_bytes, log.len() as u64 - third.offset);
    assert_eq!(fs::read(repaired.kept.expect("kept")).expect("read"), log);
    let ledger = open(folder.path()).await.expect("opened").ledger().clone();
    assert_eq!((ledger.committed, ledger.pending.len()), (0, 1));
    assert_eq!(repair(folder.path()).expect("nothing to do").cut_bytes, 0);
}

#[tokio::test]
async fn a_full_disk_fails_the_write_and_leaves_the_log_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let faults = faults::of(&folder.path().join("log"));
    let mut checkpoint = open(folder.path()).await.expect("opened");
    checkpoint.plan(plan(1), true).await.expect("planned");
    let before = checkpoint.ledger().clone();
    faults.room(13);
    let failed = checkpoint.commit(commit(1, None), true).await.expect_err("full");
    assert!(matches!(failed, CheckpointError::Io(_)), "{failed}");
    assert_eq!(*checkpoint.ledger(), before);
    assert_eq!(verify(folder.path()).expect("verified").ledger, before);
    faults.room(u64::MAX);
    checkpoint.commit(commit(1, None), true).await.expect("room again");
    assert_eq!(verify(folder.path()).expect("verified").ledger, *checkpoint.ledger());
}

#[tokio::test]
async fn after_a_failed_sync_the_log_is_written_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let faults = faults::of(&folder.path().join("log"));
    let mut checkpoint = open(folder.path()).await.expect("opened");
    checkpoint.plan(plan(1), true).await.expect("planned");
    let before = checkpoint.ledger().clone();
    faults.sync_fails(true);
    for _ in 0..2 {
        let failed = checkpoint.commit(commit(1, None), true).await.expect_err("failed");
        assert!(matches!(failed, CheckpointError::Io(_)), "{failed}");
        assert_eq!(*checkpoint.ledger(), before);
    }
    faults.sync_fails(false);
    checkpoint.commit(commit(1, None), true).await.expect("mended");
    let entries = show(folder.path()).expect("shown");
    assert!(matches!(&entries[..], [first, second]
        if matches!(&first.entry, Entry::Ledger(ledger) if **ledger == before)
            && matches!(second.entry, Entry::Commit(_))));
    assert_eq!(verify(folder.path()).expect("verified").ledger, *checkpoint.ledger());
}

#[tokio::test]
async fn an_entry_that_cannot_follow_is_refused_before_it_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut checkpoint = open(folder.path()).await.expect("opened");
    let before = fs::read(folder.path().join("log")).expect("read");
    assert!(checkpoint.commit(commit(1, None), true).await.is_err());
    assert!(checkpoint.plan(plan(2), true).await.is_err());
    assert_eq!(fs::read(folder.path().join("log")).expect("read"), before);
}

#[tokio::test]
async fn state_comes_back_and_old_states_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut checkpoint = open(folder.path()).await.expect("opened");
    for batch in 1..=4 {
        checkpoint.plan(plan(batch), false).await.expect("planned");
        let bytes = vec![b'x'; 1000 * usize::try_from(batch).expect("small")];
        let state = (batch != 4).then_some(&bytes[..]);
        checkpoint.commit(commit(batch, state), true).await.expect("committed");
    }
    let left = checkpoint.ledger().clone();
    drop(checkpoint);
    let names = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder").flatten();
        let names = entries.map(|entry| entry.file_name().into_string().expect("text"));
        names.filter(|name| name.starts_with("state-")).collect()
    };
    assert_eq!(names(folder.path()), ["state-3"]);
    // A crash came between the next state and its commit.
    fs::write(folder.path().join("state-5"), "torn").expect("written");
    let found = open(folder.path()).await.expect("opened").ledger().clone();
    assert!(same_but_for_the_opening(&left, &found));
    assert_eq!(found.state.as_ref().map(|state| state.bytes.len()), Some(3000));
    assert_eq!(names(folder.path()), ["state-3"]);

    let path = folder.path().join("state-3");
    let mut bytes = fs::read(&path).expect("read");
    bytes[1500] ^= 1;
    fs::write(&path, &bytes).expect("written");
    let refused = open(folder.path()).await.expect_err("refused");
    assert!(refused.to_string().contains("state-3 is damaged"), "{refused}");
    assert!(verify(folder.path()).expect("verified").state_damage.is_some());
    fs::remove_file(&path).expect("removed");
    let refused = open(folder.path()).await.expect_err("refused");
    assert!(refused.to_string().contains("state-3 is missing"), "{refused}");
}

#[tokio::test]
async fn compaction_keeps_the_ledger_and_bounds_the_log() {
    const BATCHES: u64 = 100_000;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    fs::write(folder.path().join("log.new"), "left over by a crash").expect("written");
    let mut checkpoint = open(folder.path()).await.expect("opened");
    assert!(!folder.path().join("log.new").exists());
    faults::of(&path).skip_syncs();
    let mut largest = 0;
    for batch in 1..=BATCHES {
        checkpoint.plan(plan(batch), false).await.expect("planned");
        checkpoint.commit(commit(batch, None), true).await.expect("committed");
        if batch % 50 == 0 {
            largest = largest.max(fs::metadata(&path).expect("a log").len());
            if batch % 10_000 == 0 {
                assert_eq!(verify(folder.path()).expect("verified").ledger, *checkpoint.ledger());
            }
        }
    }
    assert!(largest > 512 << 10 && largest < 3 << 19, "{largest}");
    let left = checkpoint.ledger().clone();
    drop(checkpoint);
    let found = open(folder.path()).await.expect("opened");
    assert!(same_but_for_the_opening(&left, found.ledger()));
    assert!(matches!(show(folder.path()).expect("shown")[0].entry, Entry::Ledger(_)));
}

/// A log of some entries, and the ledger after each.
fn log_and_ledgers(batches: u64) -> (Vec<u8>, Vec<(usize, Ledger)>) {
    let opened = crate::checkpoint::Opened {
        version: 1,
        pipeline: "p".into(),
        epoch: 1,
        ..Default::default()
    };
    let mut entries = vec![Entry::Opened(opened)];
    for batch in 1..=batches {
        entries.push(Entry::Plan(plan(batch)));
        entries.push(Entry::Commit(commit(batch, None)));
    }
    let (mut bytes, mut ledger) = (Vec::new(), Ledger::default());
    let mut ledgers = vec![(0, ledger.clone())];
    for entry in entries {
        bytes.extend(line::encode(&entry).expect("encoded"));
        ledger.apply(entry).expect("applied");
        ledgers.push((bytes.len(), ledger.clone()));
    }
    (bytes, ledgers)
}

proptest! {
    #[test]
    fn a_log_that_is_cut_anywhere_opens_to_its_last_whole_entry(batches in 0_u64..6, at: prop::sample::Index) {
        let (bytes, ledgers) = log_and_ledgers(batches);
        let cut = at.index(bytes.len() + 1);
        let Log { ledger, end, torn, damage, .. } = parse(&bytes[..cut]);
        let (last, expected) =
            ledgers.iter().rev().find(|(end, _)| *end <= cut).expect("the empty one");
        prop_assert_eq!(&ledger, expected);
        prop_assert_eq!((end, torn), (*last as u64, (cut - last) as u64));
        prop_assert_eq!(damage, None);
    }

    #[test]
    fn one_changed_byte_is_refused_or_looks_torn(batches in 0_u64..6, at: prop::sample::Index, value: u8) {
        let (mut bytes, ledgers) = log_and_ledgers(batches);
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != value);
        bytes[at] = value;
        let log = parse(&bytes);
        let (start, before) =
            ledgers.iter().rev().find(|(end, _)| *end <= at).expect("the empty one");
        prop_assert_eq!(&log.ledger, before);
        prop_assert_eq!(log.end, *start as u64);
        let in_last = at >= ledgers[ledgers.len() - 2].0;
        if log.damage.is_none() {
            prop_assert!(in_last && (value == 0 || at == bytes.len() - 1));
        }
    }

    #[test]
    fn zeros_after_a_loss_of_power_are_a_torn_write(batches in 0_u64..4, zeros in 1_usize..600) {
        let (mut bytes, ledgers) = log_and_ledgers(batches);
        bytes.extend(std::iter::repeat_n(0, zeros));
        let log = parse(&bytes);
        prop_assert_eq!(&log.ledger, &ledgers[ledgers.len() - 1].1);
        prop_assert_eq!((log.torn, log.damage), (zeros as u64, None));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
        let _ = parse(&bytes);
    }
}

#[tokio::test]
async fn a_torn_tail_is_cut_off_at_the_next_opening() {
    let folder = tempfile::tempdir().expect("a folder");
    let left = filled(folder.path(), 2).await;
    let path = folder.path().join("log");
    let mut log = fs::read(&path).expect("read");
    log.extend(b"0badc0de {\"plan\":{\"ba");
    fs::write(&path, &log).expect("written");
    assert_eq!(verify(folder.path()).expect("verified").torn_tail_bytes, 21);
    let mut checkpoint = open(folder.path()).await.expect("opened");
    assert!(same_but_for_the_opening(&left, checkpoint.ledger()));
    checkpoint.commit(commit(2, None), true).await.expect("committed");
    assert_eq!(verify(folder.path()).expect("verified").ledger, *checkpoint.ledger());
}

#[tokio::test]
async fn a_batch_costs_one_sync_unless_its_plan_must_be_durable() {
    let folder = tempfile::tempdir().expect("a folder");
    let faults = faults::of(&folder.path().join("log"));
    let mut checkpoint = open(folder.path()).await.expect("opened");
    let before = faults.syncs();
    checkpoint.plan(plan(1), false).await.expect("planned");
    checkpoint.commit(commit(1, None), true).await.expect("committed");
    assert_eq!(faults.syncs() - before, 1);
    checkpoint.plan(plan(2), true).await.expect("planned");
    assert_eq!(faults.syncs() - before, 2);
}

#[tokio::test]
async fn a_caller_that_gave_up_in_mid_write_has_to_open_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut checkpoint = open(folder.path()).await.expect("opened");
    assert!(futures::poll!(Box::pin(checkpoint.plan(plan(1), true))).is_pending());
    let refused = checkpoint.plan(plan(1), true).await.expect_err("in doubt");
    assert!(refused.to_string().contains("interrupted; start the pipeline again"), "{refused}");
    drop(checkpoint);
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    let found = loop {
        match open(folder.path()).await {
            Ok(found) => break found,
            // The write that nobody waits for still holds the lock.
            Err(CheckpointError::Taken(_)) => assert!(tokio::time::Instant::now() < deadline),
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(found.ledger().pending.len(), 1);
}

#[tokio::test]
async fn a_lineage_lasts_as_long_as_its_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = open(folder.path()).await.expect("opened").ledger().opened.lineage.clone();
    let second = open(folder.path()).await.expect("opened").ledger().opened.lineage.clone();
    assert!(!first.is_empty());
    assert_eq!(first, second);
    fs::remove_file(folder.path().join("log")).expect("removed");
    let third = open(folder.path()).await.expect("opened").ledger().opened.lineage.clone();
    assert_ne!(first, third);
}
