//! Files as they come and go.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use super::entry::Fate;
use super::{Catalog, Sight, Waits};
use crate::divider::Ending;
use crate::identity::{FileKey, Life};
use crate::listing::Seen;
use crate::mark::{Mark, Print};

const SECOND: Duration = Duration::from_secs(1);

fn catalog(group: Option<Duration>) -> Catalog {
    Catalog::new(Waits { rotate: 10 * SECOND, forget: 60 * SECOND, group })
}

fn seen(path: &str, inode: u64, size: u64) -> Seen {
    let key = FileKey { device: 1, inode };
    Seen { path: PathBuf::from(path), key, size, modified: 0, age: Duration::ZERO, is_chosen: true }
}

fn mark(offset: u64) -> Mark {
    Mark { offset, print: Some(Print { head: 1, tail: 2 }) }
}

fn keys(inodes: &[u64]) -> HashSet<FileKey> {
    inodes.iter().map(|inode| FileKey { device: 1, inode: *inode }).collect()
}

#[test]
fn a_file_is_the_same_under_another_name() {
    let mut catalog = catalog(None);
    let life = catalog.new_life();
    let split = catalog.add(&seen("a.log", 7, 100), Mark::START, life, SECOND);
    catalog.read(&split, mark(90), 9, 100, Some(Ending::Growing), SECOND);
    assert_eq!(catalog.see(&seen("a.log.1", 7, 120), 2 * SECOND), Sight::Known);
    let entry = catalog.get(&split).unwrap();
    assert_eq!((entry.path.to_str(), entry.size), (Some("a.log.1"), 120));
    // Its last line is taken when it was quiet for long enough.
    let waits = *catalog.waits();
    assert_eq!(entry.ending(11 * SECOND, &waits), Ending::Growing);
    assert_eq!(entry.ending(12 * SECOND, &waits), Ending::Final);
    assert_eq!(entry.deadline(3 * SECOND, &waits), Some(12 * SECOND));
}

#[test]
fn a_file_that_became_shorter_is_another_and_its_rest_is_lost_without_a_copy() {
    let mut catalog = catalog(None);
    let life = catalog.new_life();
    let split = catalog.add(&seen("a.log", 7, 100), Mark::START, life, SECOND);
    catalog.read(&split, mark(90), 9, 100, Some(Ending::Growing), SECOND);
    // What was seen may be older than what was read: a read tells.
    assert_eq!(catalog.see(&seen("a.log", 7, 30), 2 * SECOND), Sight::Known);
    assert!(catalog.get(&split).unwrap().readable(2 * SECOND, &catalog.waits().clone()).is_some());
    catalog.disown(&split, 2 * SECOND);
    assert_eq!(catalog.see(&seen("a.log", 7, 30), 2 * SECOND), Sight::Unknown);
    assert!(catalog.interest().unwrap().stems.contains(&"a.".to_owned()));
    let candidates = catalog.candidates(&seen("a.log.1", 8, 100), None);
    assert_eq!((candidates[0].split.clone(), candidates[0].is_orphan), (split.clone(), true));
    assert!(catalog.settle(11 * SECOND).is_empty());
    let settled = catalog.settle(12 * SECOND);
    assert_eq!((settled[0].lost, settled.len()), (10, 1));
    assert!(catalog.settle(13 * SECOND).is_empty(), "named once");
    // What was read of it is committed first.
    catalog.commit(&split, 50);
    assert!(catalog.forget(100 * SECOND).is_empty());
    catalog.commit(&split, 90);
    assert!(catalog.forget(61 * SECOND).is_empty());
    assert_eq!(catalog.forget(62 * SECOND), std::slice::from_ref(&split));
    assert!(catalog.get(&split).is_none());
}

#[test]
fn what_is_gone_for_long_is_forgotten_and_takes_no_memory() {
    let mut catalog = catalog(None);
    for round in 0..1000_u32 {
        let now = SECOND * round;
        let life = catalog.new_life();
        let split = catalog.add(&seen("a.log", u64::from(round), 10), Mark::START, life, now);
        catalog.read(&split, mark(10), 1, 10, Some(Ending::Growing), now);
        catalog.commit(&split, 10);
        catalog.note_missing(&keys(&[u64::from(round)]), now);
        catalog.settle(now);
        catalog.forget(now);
        assert!(catalog.entries().count() <= 72, "{}", catalog.entries().count());
    }
    assert!(catalog.by_key.len() <= 72 && catalog.by_stem["a."].len() <= 72);
    assert!(catalog.active.len() <= 11, "only what is not settled: {}", catalog.active.len());
}

#[test]
fn a_file_that_comes_back_was_never_gone() {
    let mut catalog = catalog(None);
    let life = catalog.new_life();
    let split = catalog.add(&seen("a.log", 7, 100), Mark::START, life, SECOND);
    catalog.note_missing(&keys(&[]), SECOND);
    assert_eq!(catalog.get(&split).unwrap().fate, Fate::Gone(SECOND));
    assert_eq!(catalog.see(&seen("a.log", 7, 100), 2 * SECOND), Sight::Known);
    assert_eq!(catalog.get(&split).unwrap().fate, Fate::Alive);
    catalog.note_missing(&keys(&[7]), 3 * SECOND);
    assert_eq!(catalog.get(&split).unwrap().fate, Fate::Alive);
}

#[test]
fn an_original_is_remembered_until_its_copy_is_in_the_checkpoint() {
    let mut catalog = catalog(None);
    let life = catalog.new_life();
    let split = catalog.add(&seen("a.log", 7, 100), Mark::START, life, SECOND);
    catalog.read(&split, mark(90), 9, 100, Some(Ending::Growing), SECOND);
    catalog.commit(&split, 90);
    catalog.note_missing(&keys(&[]), SECOND);
    let whole = Life::whole(50, 0);
    let copy = catalog.add(&seen("a.log.1.gz", 8, 50), Mark::bare(90), whole, SECOND);
    assert_eq!(catalog.inherit(&split, copy.clone()), mark(90));
    assert!(catalog.settle(100 * SECOND).is_empty(), "the copy has its rest");
    // What was planned before a crash is read once more, and the copy begins behind it.
    catalog.pass_on(&split, |start| start < 95, mark(95));
    assert_eq!(catalog.get(&copy).unwrap().mark, Mark::bare(95));
    // From the checkpoint on: the copy has what comes behind it.
    catalog.rewind(|_| None, |_| false);
    assert_eq!(catalog.get(&copy).unwrap().start, Mark::bare(0));
    catalog.finish(&copy);
    assert!(catalog.forget(100 * SECOND).is_empty());
    catalog.commit(&copy, 100);
    assert_eq!(catalog.forget(100 * SECOND), [split]);
    // The copy is remembered as long as it is there.
    catalog.note_missing(&keys(&[]), 101 * SECOND);
    assert!(catalog.forget(160 * SECOND).is_empty());
    assert_eq!(catalog.forget(161 * SECOND), [copy]);
}

#[test]
fn a_file_without_a_whole_line_is_not_read_again_until_it_changes_or_time_passes() {
    let mut catalog = catalog(Some(2 * SECOND));
    let waits = *catalog.waits();
    let life = catalog.new_life();
    let split = catalog.add(&seen("a.log", 7, 10), Mark::START, life, SECOND);
    let readable = |catalog: &Catalog, now| catalog.get(&split).unwrap().readable(now, &waits);
    assert_eq!(readable(&catalog, SECOND), Some(Ending::Growing));
    catalog.read(&split, Mark::START, 0, 10, Some(Ending::Growing), SECOND);
    assert_eq!(readable(&catalog, 2 * SECOND), None);
    assert_eq!(catalog.get(&split).unwrap().deadline(2 * SECOND, &waits), Some(3 * SECOND));
    assert_eq!(readable(&catalog, 3 * SECOND), Some(Ending::Quiet));
    catalog.read(&split, Mark::START, 0, 10, Some(Ending::Quiet), 3 * SECOND);
    assert_eq!(readable(&catalog, 100 * SECOND), None);
    catalog.see(&seen("a.log", 7, 12), 100 * SECOND);
    assert_eq!(readable(&catalog, 100 * SECOND), Some(Ending::Growing));
}
