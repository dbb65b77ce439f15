//! Files that change, vanish, or are taken away.

use std::fs;
use std::io::Write;

use forebay_core::Source;
use forebay_core::component::{Claim, Component};
use forebay_core::source::{Resume, SourceError};
use forebay_core::split::SplitPhase;
use forebay_core::units::TimeSpan;
use forebay_files_source::{After, Files, FilesConfig};
use tempfile::tempdir;

use crate::content::{append, lines, set_age};
use crate::harness::{self, Harness, config, open, write};

#[tokio::test]
async fn a_replaced_file_is_new_and_a_restored_one_is_not() {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "a.txt", "old\n");
    let mut harness = Harness::new(config(folder.path())).await;
    assert_eq!(harness.texts_after(1).await, ["old"]);
    harness.commit().await;
    let resume = harness.resume();
    harness.source.close().await;

    // Restored from a backup: another inode, the same size and time.
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let copy = folder.path().join(".copy");
    fs::copy(&path, &copy).unwrap();
    fs::File::options().write(true).open(&copy).unwrap().set_modified(modified).unwrap();
    fs::rename(&copy, &path).unwrap();
    let mut harness = Harness::resumed(config(folder.path()), resume).await;
    write(folder.path(), "b.txt", "b\n");
    assert_eq!(harness.texts_after(1).await, ["b"]);

    // Another file under the same path, and one that was written anew in place.
    write(folder.path(), "a.txt", "new, and longer\n");
    assert_eq!(harness.texts_after(1).await, ["new, and longer"]);
    harness.commit().await;
    fs::write(&path, "anew, in place, and longer still\n").unwrap();
    assert_eq!(harness.texts_after(1).await, ["anew, in place, and longer still"]);
}

#[tokio::test]
async fn what_is_appended_after_the_end_is_reported_and_not_read() {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "a.txt", "one\n");
    let mut harness = Harness::new(config(folder.path())).await;
    assert_eq!(harness.texts_after(1).await, ["one"]);
    harness.commit().await;
    append(&path, b"two\n");
    harness.observed("grown", 1).await;
    write(folder.path(), "b.txt", "b\n");
    assert_eq!(harness.texts_after(1).await, ["b"]);
}

#[tokio::test]
async fn a_file_that_grows_while_it_is_read_is_read_on() {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "a.txt", lines(4));
    let mut harness = Harness::new(config(folder.path())).await;
    harness.read(2).await;
    append(&path, b"later\n");
    let texts = harness.texts_after(5).await;
    assert_eq!(texts, ["line 0", "line 1", "line 2", "line 3", "later"]);
}

#[tokio::test]
async fn a_file_that_vanishes_is_no_split_any_more_and_a_replay_of_it_is_lost() {
    let folder = tempdir().unwrap();
    let first = write(folder.path(), "a.txt", lines(4));
    let second = write(folder.path(), "b.txt", lines(4));
    let mut harness = Harness::new(config(folder.path())).await;
    assert_eq!(harness.splits().await.len(), 2);
    harness.only("a.txt", 2).await;
    let ranges: Vec<_> = harness.slices.iter().map(|slice| slice.range.clone()).collect();
    fs::remove_file(&first).unwrap();
    fs::remove_file(&second).unwrap();
    harness.observed("cut", 1).await;
    harness.observed("pending", 1).await;
    let left = harness.splits().await;
    assert_eq!(left.len(), 1, "the one of which nothing was read is gone");
    assert_eq!((left[0].phase, left[0].backlog), (SplitPhase::Ended, Some(0)));
    harness.commit().await;
    assert_eq!(harness.splits().await, [], "what was read of the other is committed");

    let mut after = open(&config(folder.path()));
    after.connect(&Resume::default()).await.unwrap();
    let lost = after.replay(&ranges).await.unwrap_err();
    assert!(matches!(lost, SourceError::Lost(_)), "{lost}");
}

#[tokio::test]
async fn a_file_is_left_alone_until_it_is_quiet() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.txt");
    fs::write(&path, "not yet complete").unwrap();
    let mut config = config(folder.path());
    config.settle = TimeSpan::from_secs(3600);
    let mut harness = Harness::new(config.clone()).await;
    assert_eq!(harness.splits().await, []);
    harness.observed("unsettled", 1).await;
    set_age(&path, 3601);
    assert_eq!(harness.texts_after(1).await, ["not yet complete"]);
}

#[tokio::test]
async fn finished_files_are_deleted_or_moved_after_the_commit() {
    for after in [After::Delete, After::Move] {
        let (folder, target) = (tempdir().unwrap(), tempdir().unwrap());
        fs::create_dir(folder.path().join("day")).unwrap();
        let path = write(&folder.path().join("day"), "a.txt", "a\n");
        let mut config = config(folder.path());
        config.recursive = true;
        config.after = after;
        config.move_to = (after == After::Move).then(|| target.path().to_owned());
        assert_eq!(Files::claims(&config), [Claim::Path(folder.path().to_owned())]);
        let mut harness = Harness::new(config).await;
        harness.texts_after(1).await;
        assert!(path.exists(), "not before the commit");
        let split = harness.slices[0].range.split.clone();
        harness.commit().await;
        assert!(!path.exists());
        assert_eq!(target.path().join("day/a.txt").exists(), after == After::Move);
        assert_eq!(harness.source.forget().await, [split], "it need not be remembered");
        assert!(harness.source.forget().await.is_empty(), "and is named once");
    }
}

#[tokio::test]
async fn finished_files_that_an_earlier_run_left_are_deleted_at_the_start() {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "a.txt", "a\n");
    let grown = write(folder.path(), "b.txt", "b\n");
    let config = FilesConfig { after: After::Delete, ..config(folder.path()) };
    let mut harness = Harness::new(harness::config(folder.path())).await;
    harness.texts_after(2).await;
    harness.commit().await;
    fs::OpenOptions::new().append(true).open(&grown).unwrap().write_all(b"more\n").unwrap();
    let mut harness = Harness::resumed(config, harness.resume()).await;
    assert!(!path.exists());
    assert!(grown.exists(), "its rest was never read");
    assert_eq!(harness.source.forget().await.len(), 1);
    assert_eq!(harness.splits().await, []);
}

#[tokio::test]
async fn a_file_that_cannot_be_moved_stays_and_is_moved_at_the_next_start() {
    let (folder, other) = (tempdir().unwrap(), tempdir().unwrap());
    let path = write(folder.path(), "a.txt", "a\n");
    let target = other.path().join("done");
    fs::write(&target, "a file in the way").unwrap();
    let move_to = Some(target.clone());
    let config = FilesConfig { after: After::Move, move_to, ..config(folder.path()) };
    let mut harness = Harness::new(config.clone()).await;
    harness.texts_after(1).await;
    harness.commit().await;
    harness.observed("retire_failures", 1).await;
    assert!(path.exists());
    assert_eq!(harness.splits().await, [], "it is not read again");
    let resume = harness.resume();
    harness.source.close().await;

    fs::remove_file(&target).unwrap();
    let mut again = Harness::resumed(config, resume).await;
    again.observed("retired", 1).await;
    assert!(!path.exists() && target.join("a.txt").exists());
    assert_eq!(again.splits().await, []);
}
