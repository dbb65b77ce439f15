//! Segments that are written over files of older ones.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::super::segment::Segment;
use super::super::{JournalSource, verify};
use super::{all, commit, crashed, open};
use crate::journal::Intake;
use crate::source::Source;
use crate::testing::chunk;

/// The last segment, if it stands in the file of an older one.
fn over(folder: &Path) -> Option<PathBuf> {
    let path = Segment::list(folder).expect("listed").pop().expect("one");
    Segment::open(&path).expect("opened").expect("known").is_over.then_some(path)
}

fn spares(folder: &Path) -> usize {
    let names = fs::read_dir(folder).expect("listed").map(|entry| entry.expect("one").path());
    names.filter(|path| path.extension().is_some_and(|it| it == "spare")).count()
}

/// How far the last segment is written, in bytes.
fn written(folder: &Path) -> usize {
    let last = verify(folder).expect("verified").pop().expect("one");
    usize::try_from(last.info.bytes).expect("small")
}

fn damage(folder: &Path) -> usize {
    verify(folder).expect("verified").iter().map(|report| report.damage.len()).sum()
}

/// Stores and commits until the journal is in the file of an older segment. Returns the next
/// sequence number.
async fn until_over(folder: &Path, intake: &Intake, journal: &mut JournalSource) -> u64 {
    for stored in 1..200 {
        let value = format!("{stored:05}").repeat(600);
        intake.store(chunk([value])).await.expect("stored");
        commit(journal, stored).await;
        if over(folder).is_some() {
            return stored;
        }
    }
    panic!("no file is written over");
}

#[tokio::test]
async fn a_journal_that_is_written_over_holds_what_was_stored_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let (intake, mut journal) = open(folder.path()).await;
    let first = until_over(folder.path(), &intake, &mut journal).await;
    let mut times = 0;
    for (number, until) in (first..first + 150).zip(first + 1..) {
        let value = format!("{number} ").repeat(500);
        intake.store(chunk([&value])).await.expect("stored");
        let expected = [(number, value.into_bytes(), false)];
        assert_eq!(all(&mut journal, number).await, expected);
        assert_eq!(damage(folder.path()), 0, "at {number}");
        assert!(spares(folder.path()) <= 4);
        times += usize::from(over(folder.path()).is_some());
        if number % 7 == 0 {
            let copy = crashed(folder.path());
            let (intake, mut journal) = open(copy.path()).await;
            assert_eq!(all(&mut journal, number).await, expected);
            intake.store(chunk(["next"])).await.expect("stored");
            assert_eq!(all(&mut journal, until).await, [(until, b"next".to_vec(), false)]);
        }
        commit(&mut journal, until).await;
    }
    assert!(times > 100, "{times}");
    journal.close().await;
    assert_eq!((spares(folder.path()), damage(folder.path())), (0, 0));
    let path = over(folder.path()).expect("written over");
    assert_eq!(fs::read(path).expect("read").len(), written(folder.path()));
}

/// Where what was written together last begins and ends, if all frames have this length.
fn last_group(bytes: &[u8], from: usize, frame: usize, count: usize) -> Range<usize> {
    let continues = |index: &usize| bytes[from + index * frame + 12] & 2 != 0;
    let first = (0..count).rfind(|index| !continues(index)).expect("one is first");
    from + first * frame..from + count * frame
}

#[tokio::test]
async fn a_write_that_a_crash_tore_leaves_neither_records_nor_damage() {
    let folder = tempfile::tempdir().expect("a folder");
    let (intake, mut journal) = open(folder.path()).await;
    let first = until_over(folder.path(), &intake, &mut journal).await;
    let path = over(folder.path()).expect("written over");
    let from = written(folder.path());
    let before = fs::read(&path).expect("read");
    let stores = (0..20).map(|_| intake.store(chunk(["a record", "and another"])));
    let stored = futures::future::join_all(stores).await;
    assert!(stored.iter().all(Result::is_ok));
    let after = fs::read(&path).expect("read");
    assert_eq!(after.len(), before.len(), "it stands where older frames stood");
    let frame = (written(folder.path()) - from) / 20;
    let group = last_group(&after, from, frame, 20);
    let (body, whole) = (group.start + 40..group.end, group.len() / frame);
    assert!(whole > 1, "they were written together");

    let torn = tempfile::tempdir().expect("a folder");
    let name = path.file_name().expect("a name");
    for cut in body.clone().step_by(41).chain(body.end - 1..=body.end) {
        for header in if cut == body.end { vec![0, 1, 39, 40] } else { vec![0] } {
            let mut bytes = before.clone();
            bytes[..group.start].copy_from_slice(&after[..group.start]);
            bytes[body.start..cut].copy_from_slice(&after[body.start..cut]);
            let begun = group.start..group.start + header;
            bytes[begun.clone()].copy_from_slice(&after[begun]);
            fs::write(torn.path().join(name), &bytes).expect("written");
            assert_eq!(damage(torn.path()), 0, "cut at {cut}, header {header}");
            let rows = all(&mut open(torn.path()).await.1, first).await;
            let kept = if header == 40 { 20 } else { 20 - whole };
            assert_eq!(rows.len(), 2 * kept, "cut at {cut}, header {header}");
            assert!(rows.iter().all(|row| !row.2), "cut at {cut}, header {header}");
        }
    }
}

#[tokio::test]
async fn damage_before_the_last_write_is_told_as_in_any_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (intake, mut journal) = open(folder.path()).await;
    let first = until_over(folder.path(), &intake, &mut journal).await;
    let path = over(folder.path()).expect("written over");
    let at = written(folder.path());
    for value in ["one", "two", "three"] {
        intake.store(chunk([value])).await.expect("stored");
    }
    let copy = crashed(folder.path());
    let path = copy.path().join(path.file_name().expect("a name"));
    let mut bytes = fs::read(&path).expect("read");
    bytes[at + 20] ^= 1;
    fs::write(&path, bytes).expect("written");
    assert_eq!(damage(copy.path()), 1);
    let rows = all(&mut open(copy.path()).await.1, first).await;
    let told: Vec<_> = rows.iter().map(|row| (row.0 - first, row.2)).collect();
    assert_eq!(told, [(0, true), (1, false), (2, false)]);
}
