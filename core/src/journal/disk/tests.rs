mod damage;
mod lost_folder;
mod over;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow::array::{Array, AsArray};
use arrow::datatypes::UInt64Type;
use tokio::time::Instant;

use super::segment::Segment;
use super::{JournalSource, show, verify};
use crate::batch::Slice;
use crate::clock::SystemClock;
use crate::dead_letter::Reason;
use crate::decode::AsIs;
use crate::durable_file::faults;
use crate::journal::{Fsync, Intake, JournalSettings, Limits, Refused, SPLIT};
use crate::position::Position;
use crate::source::{Committed, Resume, Source, SourceError};
use crate::split::Grant;
use crate::testing::chunk;
use crate::units::{ByteSize, TimeSpan};

fn small() -> JournalSettings {
    JournalSettings {
        segment_bytes: ByteSize::kib(64),
        max_bytes: Some(ByteSize::mib(1)),
        ..JournalSettings::default()
    }
}

async fn try_open(
    folder: &Path,
    settings: &JournalSettings,
) -> Result<(Intake, JournalSource), SourceError> {
    let (decoder, clock) = (AsIs::shared(None), SystemClock::shared());
    JournalSource::open("in".into(), folder, settings, Limits::default(), decoder, clock).await
}

async fn open(folder: &Path) -> (Intake, JournalSource) {
    try_open(folder, &small()).await.expect("opened")
}

fn grant(from: u64, records: u64, bytes: u64) -> Grant {
    Grant { split: SPLIT.into(), generation: 0, from: from.into(), until: None, records, bytes }
}

async fn read(journal: &mut JournalSource, from: u64, records: u64, bytes: u64) -> Vec<Slice> {
    journal.read(&[grant(from, records, bytes)], Instant::now()).await.expect("read")
}

/// All records from a position on: sequence number, value, whether it is a dead letter.
async fn all(journal: &mut JournalSource, from: u64) -> Vec<(u64, Vec<u8>, bool)> {
    let rows = all_within(journal, from, 7, 1 << 16).await;
    // However it is divided, it is the same.
    assert_eq!(all_within(journal, from, 1, 1 << 16).await, rows);
    assert_eq!(all_within(journal, from, 9, 20).await, rows);
    rows
}

async fn all_within(
    journal: &mut JournalSource,
    mut from: u64,
    records: u64,
    bytes: u64,
) -> Vec<(u64, Vec<u8>, bool)> {
    let mut rows = Vec::new();
    loop {
        let slices = read(journal, from, records, bytes).await;
        let Some(slice) = slices.first() else { return rows };
        rows.extend(rows_of(slice));
        assert_eq!(slice.range.from, Position::from(from));
        from = slice.range.until.as_u64().expect("a number");
    }
}

fn rows_of(slice: &Slice) -> Vec<(u64, Vec<u8>, bool)> {
    let values = slice.records.column(0).as_binary::<i32>();
    let seqs = slice.records.column(1).as_primitive::<UInt64Type>();
    let rejected = slice.records.column_by_name("rejected");
    let row = |row: usize| {
        let refused = rejected.is_some_and(|column| column.is_valid(row));
        (seqs.value(row), values.value(row).to_vec(), refused)
    };
    (0..slice.records.num_rows()).map(row).collect()
}

async fn commit(journal: &mut JournalSource, position: u64) {
    let (split, position) = (SPLIT.into(), position.into());
    let committed = Committed { split, generation: 0, position, finished: false };
    journal.commit(&[committed]).await.expect("committed");
}

/// A copy of the folder as a crash at this moment would leave it.
fn crashed(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for path in Segment::list(folder).expect("listed") {
        fs::copy(&path, copy.path().join(path.file_name().expect("a name"))).expect("copied");
    }
    copy
}

fn only_segment(folder: &Path) -> PathBuf {
    let paths = Segment::list(folder).expect("listed");
    assert_eq!(paths.len(), 1);
    paths[0].clone()
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_crash_with_the_same_positions() {
    let folder = tempfile::tempdir().expect("a folder");
    let (intake, mut journal) = open(folder.path()).await;
    let mut expected = Vec::new();
    for batch in 0..20_u64 {
        let values: Vec<Vec<u8>> =
            (0..=batch).map(|row| format!("{batch}-{row}").into_bytes()).collect();
        intake.store(chunk(&values)).await.expect("stored");
        expected.extend(values);
    }
    intake.reject(chunk(["bad"]), Reason::new("framing", "no newline")).await.expect("stored");
    let before = all(&mut journal, 0).await;
    let values: Vec<_> = before.iter().map(|(_, value, _)| value.clone()).collect();
    assert_eq!(values[..210], expected[..]);
    assert_eq!(before[210], (210, b"bad".to_vec(), true));
    assert!(before.iter().enumerate().all(|(index, row)| row.0 == index as u64));

    let copy = crashed(folder.path());
    let (intake, mut journal) = open(copy.path()).await;
    assert_eq!(all(&mut journal, 0).await, before);
    assert_eq!(all(&mut journal, 100).await, before[100..]);
    intake.store(chunk(["next"])).await.expect("stored");
    assert_eq!(all(&mut journal, 211).await, [(211, b"next".to_vec(), false)]);
}

#[tokio::test]
async fn grants_hold_and_a_replay_yields_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let (intake, mut journal) = open(folder.path()).await;
    for _ in 0..10 {
        intake.store(chunk(["aaaa", "bbbb", "cccc"])).await.expect("stored");
    }
    let slices = read(&mut journal, 4, 100, 50).await;
    let [slice] = &slices[..] else { panic!("one slice") };
    assert_eq!((slice.range.records, slice.range.bytes), (12, 48));
    assert_eq!(slice.range.until, Position::from(16_u64));
    let replayed = journal.replay(std::slice::from_ref(&slice.range)).await.expect("replayed");
    assert_eq!((&replayed[0].records, &replayed[0].range), (&slice.records, &slice.range));
    let status = journal.splits(&BTreeMap::from([(SPLIT.into(), 16_u64.into())])).await;
    let status = &status.expect("splits")[0];
    assert_eq!((status.backlog, status.end.clone()), (Some(14), Some(30_u64.into())));
    assert!(status.oldest_ms.is_some_and(|age| age < 60_000));
    assert!(read(&mut journal, 30, 1, 1).await.is_empty());
    let pinned = Grant { until: Some(18_u64.into()), ..grant(16, 100, 1000) };
    let slices = journal.read(&[pinned], Instant::now()).await.expect("read");
    assert_eq!(slices[0].range.records, 2);
}

#[tokio::test]
async fn ready_wakes_on_an_append() {
    let folder = tempfile::tempdir().expect("a folder");
    let (intake, mut journal) = open(folder.path()).await;
    assert!(futures::poll!(std::pin::pin!(journal.ready())).is_pending());
    let (stored, ()) = tokio::join!(intake.store(chunk(["a"])), journal.ready());
    assert_eq!(stored, Ok(()));
    journal.splits(&BTreeMap::from([(SPLIT.into(), 1_u64.into())])).await.expect("splits");
    assert!(futures::poll!(std::pin::pin!(journal.ready())).is_pending());
}

#[tokio::test]
async fn what_arrives_together_shares_a_sync() {
    let folder = tempfile::tempdir().expect("a folder");
    let (intake, mut journal) = open(folder.path()).await;
    let faults = faults::of(&only_segment(folder.path()));
    let before = faults.syncs();
    let stores = (0..500).map(|_| intake.store(chunk(["a"])));
    let stored = futures::future::join_all(stores).await;
    assert!(stored.iter().all(Result::is_ok));
    let syncs = faults.syncs() - before;
    assert!((1..100).contains(&syncs), "{syncs} syncs for 500 chunks");
    assert_eq!(all(&mut journal, 0).await.len(), 500);
}

#[tokio::test]
async fn with_an_interval_there_is_a_sync_soon_also_when_nothing_follows() {
    let folder = tempfile::tempdir().expect("a folder");
    let fsync_interval = TimeSpan::from_millis(1);
    let settings = JournalSettings { fsync: Fsync::Interval, fsync_interval, ..small() };
    let (intake, _journal) = try_open(folder.path(), &settings).await.expect("opened");
    let faults = faults::of(&only_segment(folder.path()));
    let before = faults.syncs();
    intake.store(chunk(["a"])).await.expect("stored");
    let deadline = Instant::now() + Duration::from_secs(10);
    while faults.syncs() == before {
        assert!(Instant::now() < deadline, "no sync in ten seconds");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn when_full_it_refuses_and_a_commit_makes_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let (intake, mut journal) = open(folder.path()).await;
    let large = || chunk([vec![b'x'; 30_000]]);
    let mut stored = 0;
    loop {
        match intake.offer(large()).await {
            Ok(()) => stored += 1,
            Err(Refused::Busy(wait)) => {
                assert!(!wait.is_zero());
                break;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!((30..=34).contains(&stored), "{stored}");
    let mut store = Box::pin(intake.store(large()));
    assert!(futures::poll!(store.as_mut()).is_pending());
    commit(&mut journal, 20).await;
    store.await.expect("stored");
    let segments = show(folder.path()).expect("shown");
    assert!(segments[0].first > 10 && segments[0].first <= 20, "{segments:?}");
    assert_eq!(all(&mut journal, 20).await.len(), stored + 1 - 20);
    let lost = journal.read(&[grant(3, 1, 1)], Instant::now()).await;
    assert!(matches!(lost, Err(SourceError::Lost(_))), "{lost:?}");

    // All is committed, but the last segment stays and knows the next position.
    commit(&mut journal, stored as u64 + 1).await;
    let copy = crashed(folder.path());
    let (intake, mut journal) = open(copy.path()).await;
    intake.store(chunk(["next"])).await.expect("stored");
    let next = all(&mut journal, stored as u64 + 1).await;
    assert_eq!(next, [(stored as u64 + 1, b"next".to_vec(), false)]);
}

#[tokio::test]
async fn a_full_disk_refuses_and_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let (intake, mut journal) = open(folder.path()).await;
    let faults = faults::of(&only_segment(folder.path()));
    intake.store(chunk(["first"])).await.expect("stored");
    faults.room(20);
    let refused = intake.store(chunk(["second"])).await;
    assert!(matches!(refused, Err(Refused::Failed(_))), "{refused:?}");
    let left = verify(folder.path()).expect("verified");
    assert_eq!((left[0].info.records, left[0].damage.len()), (1, 0));
    faults.room(u64::MAX);
    faults.sync_fails(true);
    assert!(intake.store(chunk(["third"])).await.is_err());
    faults.sync_fails(false);
    intake.store(chunk(["fourth"])).await.expect("stored");
    let expected = [(0, b"first".to_vec(), false), (1, b"fourth".to_vec(), false)];
    assert_eq!(all(&mut journal, 0).await, expected);
    let copy = crashed(folder.path());
    assert_eq!(all(&mut open(copy.path()).await.1, 0).await, expected);
}

#[tokio::test]
async fn a_second_process_is_refused_and_a_closed_journal_is_free() {
    let folder = tempfile::tempdir().expect("a folder");
    let (intake, mut journal) = open(folder.path()).await;
    let second = try_open(folder.path(), &small()).await.err().expect("refused");
    assert!(matches!(second, SourceError::Fatal(_)), "{second}");
    assert!(second.to_string().contains(&format!("process {}", std::process::id())), "{second}");
    journal.close().await;
    assert_eq!(intake.store(chunk(["a"])).await, Err(Refused::Closed));
    drop(journal);
    open(folder.path()).await;
}

#[tokio::test]
async fn positions_that_were_committed_are_never_given_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (intake, mut journal) = open(folder.path()).await;
    // The disk lost what the checkpoint knows to be committed.
    let committed = BTreeMap::from([(SPLIT.into(), 50_u64.into())]);
    journal.connect(&Resume { committed, finished: Vec::new() }).await.expect("connected");
    intake.store(chunk(["a", "b"])).await.expect("stored");
    let expected = [(50, b"a".to_vec(), false), (51, b"b".to_vec(), false)];
    assert_eq!(all(&mut journal, 50).await, expected);
    let copy = crashed(folder.path());
    assert_eq!(all(&mut open(copy.path()).await.1, 50).await, expected);
}

#[tokio::test]
async fn a_planned_range_that_a_loss_of_power_took_is_lost_or_what_is_left_of_it() {
    for (fsync, is_lost) in [(Fsync::Batch, true), (Fsync::Never, false)] {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = JournalSettings { fsync, ..small() };
        let (intake, mut journal) = try_open(folder.path(), &settings).await.expect("opened");
        intake.store(chunk(["a"])).await.expect("stored");
        let slices = read(&mut journal, 0, 9, 99).await;
        let range = crate::range::Range { until: 5_u64.into(), ..slices[0].range.clone() };
        let replayed = journal.replay(&[range]).await;
        if is_lost {
            assert!(matches!(replayed, Err(SourceError::Lost(_))), "{replayed:?}");
        } else {
            let slice = &replayed.expect("replayed")[0];
            assert_eq!((slice.range.records, &slice.range.until), (1, &5_u64.into()));
        }
        // Nothing new stands where nobody would read it.
        intake.store(chunk(["b"])).await.expect("stored");
        assert_eq!(all(&mut journal, 5).await, [(5, b"b".to_vec(), false)]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_senders_through_a_small_journal_lose_nothing_and_keep_their_order() {
    const SENDERS: usize = 4;
    const CHUNKS: usize = 150;
    let folder = tempfile::tempdir().expect("a folder");
    let (intake, mut journal) = open(folder.path()).await;
    faults::of(&only_segment(folder.path())).skip_syncs();
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let intake = intake.clone();
            tokio::spawn(async move {
                for number in 0..CHUNKS {
                    let padding = "x".repeat(1 + number * 7919 % 12_000);
                    let values = (0..3).map(|row| format!("{sender} {number} {row} {padding}"));
                    intake.store(chunk(values)).await.expect("stored");
                }
            })
        })
        .collect();
    let (mut from, mut next) = (0, vec![0; SENDERS]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while next.iter().sum::<usize>() < SENDERS * CHUNKS * 3 {
        tokio::time::timeout_at(deadline, journal.ready()).await.expect("records in time");
        for slice in read(&mut journal, from, 50, 200_000).await {
            for (_, value, refused) in rows_of(&slice) {
                let text = String::from_utf8(value).expect("text");
                let numbers: Vec<usize> =
                    text.split(' ').filter_map(|word| word.parse().ok()).collect();
                assert!(!refused);
                assert_eq!(numbers[1] * 3 + numbers[2], next[numbers[0]], "sender {}", numbers[0]);
                next[numbers[0]] += 1;
            }
            from = slice.range.until.as_u64().expect("a number");
            commit(&mut journal, from).await;
        }
    }
    for sender in senders {
        sender.await.expect("it ended");
    }
    assert!(show(folder.path()).expect("shown").len() <= 3);
    assert_eq!(from, (SENDERS * CHUNKS * 3) as u64);
}
