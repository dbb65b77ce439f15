//! Many files that nothing is written to.

use std::fs;
use std::time::Duration;

use forebay_core::Source;
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
