//! What every source must do.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use forebay_core::testing::source::check;
use forebay_core::units::TimeSpan;
use forebay_tail_source::Multiline;
use tempfile::tempdir;

use crate::harness::{append, config, gzip, lines, open, zstd};

fn make_old(path: &Path) {
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
}

#[tokio::test]
async fn lines_conform() {
    let folder = tempdir().unwrap();
    append(&folder.path().join("a.log"), lines(0..150));
    append(&folder.path().join("b.log"), format!("{}\n\nlast\r\n", "x".repeat(3000)));
    append(&folder.path().join("empty.log"), "");
    append(&folder.path().join("other.txt"), "not followed\n");
    let mut config = config(folder.path());
    config.max_line = forebay_core::units::ByteSize(1000);
    let summary = check(|| Box::new(open(&config))).await.unwrap();
    assert_eq!((summary.splits, summary.records), (2, 153));
}

#[tokio::test]
async fn compressed_files_conform() {
    let folder = tempdir().unwrap();
    let plain = folder.path().join("a.txt");
    fs::write(&plain, format!("{}without an end", lines(0..99))).unwrap();
    for (name, pack) in [("a.log.gz", gzip as fn(&Path, &Path)), ("a.log.zst", zstd)] {
        let packed = folder.path().join(name);
        pack(&plain, &packed);
        make_old(&packed);
        let mut config = config(folder.path());
        config.paths = vec![packed];
        let summary = check(|| Box::new(open(&config))).await.unwrap();
        assert_eq!((summary.splits, summary.records), (1, 100), "{name}");
    }
}

#[tokio::test]
async fn records_of_several_lines_conform() {
    let folder = tempdir().unwrap();
    let text: String = (0..60).map(|number| format!("{number} error\n  at a\n  at b\n")).collect();
    let path = folder.path().join("a.log");
    append(&path, format!("  before the first\n{text}"));
    make_old(&path);
    let mut config = config(folder.path());
    let timeout = TimeSpan::from_millis(10);
    config.multiline = Some(Multiline { start: r"^\d".to_owned(), timeout });
    let summary = check(|| Box::new(open(&config))).await.unwrap();
    assert_eq!((summary.splits, summary.records), (1, 61));
}
