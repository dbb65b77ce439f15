//! Many files that nothing is written to.

use std::fs;
use std::path::Path;
use std::time::Duration;

use forebay_core::Source;
use forebay_tail_source::TailConfig;
use tempfile::tempdir;
use tokio::time::timeout;

use crate::harness::{Harness, append, config};

/// What is asked before each batch must not grow with the files that are idle.
#[tokio::test]
async fn idle_files_are_not_named_and_one_that_grows_is_found_among_them() {
    let folder = tempdir().unwrap();
    for number in 0..2000 {
        fs::write(folder.path().join(format!("app-{number}.log")), "one\n").unwrap();
    }
    let mut harness = Harness::new(&config(folder.path())).await;
    harness.until(2000).await;
    harness.commit().await;
    assert!(harness.splits().await.is_empty());
    assert_eq!(harness.report()["followed"], 2000);
    assert!(harness.report()["open"].as_u64() <= Some(256), "{}", harness.report());
    let mut looks = 0;
    while timeout(Duration::from_millis(30), harness.source.ready()).await.is_ok() && looks < 20 {
        harness.splits().await;
        looks += 1;
    }
    assert!(looks < 20, "it is never quiet");
    append(&folder.path().join("app-1234.log"), "two\n");
    assert_eq!(harness.until(2001).await[2000], "two");
}

/// The files of a folder that this process has open.
fn open_in(folder: &Path) -> usize {
    let open = fs::read_dir("/proc/self/fd").unwrap().flatten();
    open.filter(|entry| fs::read_link(entry.path()).is_ok_and(|to| to.starts_with(folder))).count()
}

#[tokio::test]
async fn no_more_files_are_open_than_allowed_however_many_are_read_at_once() {
    let folder = tempdir().unwrap();
    let path = |number: usize| folder.path().join(format!("app-{number}.log"));
    (0..200).for_each(|number| fs::write(path(number), "one\n").unwrap());
    let config = TailConfig { max_open: 10, ..config(folder.path()) };
    let mut harness = Harness::new(&config).await;
    assert_eq!(harness.read(5).await, 200);
    // The folder itself may be open, too, for the system to report changes.
    assert!((10..=12).contains(&open_in(folder.path())), "{}", open_in(folder.path()));
    // Those that are read last are those that stay open.
    let last = [7, 90, 199];
    last.iter().for_each(|number| append(&path(*number), "two\n"));
    harness.until(203).await;
    last.iter().for_each(|number| fs::remove_file(path(*number)).unwrap());
    let open = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let deleted = open.filter_map(|entry| fs::read_link(entry.path()).ok());
    let deleted = deleted.filter(|to| to.starts_with(folder.path()));
    let deleted = deleted.filter(|to| to.to_string_lossy().ends_with(" (deleted)")).count();
    assert_eq!(deleted, 3);
    assert!(open_in(folder.path()) <= 12);
}
