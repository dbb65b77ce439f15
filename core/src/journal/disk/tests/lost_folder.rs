//! The folder is taken away while the journal is open.

use std::fs;
use std::io;
use std::path::Path;

use super::{SourceError, all, chunk, crashed, grant, only_segment, open};
use crate::journal::{Intake, Refused};
use crate::source::Source;
use tokio::time::Instant;

async fn is_refused(intake: &Intake) {
    // Also the second one, which finds no open file any more.
    for _ in 0..2 {
        let refused = intake.store(chunk(["unsafe"])).await.expect_err("refused");
        let Refused::Failed(text) = refused else { panic!("{refused:?}") };
        assert!(text.contains("put it back, or restart"), "{text}");
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_that_nobody_would_find() {
    let ways: [fn(&Path) -> io::Result<()>; 4] = [
        |folder| fs::remove_dir_all(folder),
        |folder| fs::remove_dir_all(folder).and_then(|()| fs::create_dir(folder)),
        |folder| fs::rename(folder, folder.with_extension("aside")),
        |folder| fs::remove_file(only_segment(folder)),
    ];
    for lose in ways {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("in");
        let (intake, mut journal) = open(&folder).await;
        intake.store(chunk(["safe"])).await.expect("stored");
        lose(&folder).expect("taken away");
        is_refused(&intake).await;
        let unread = journal.read(&[grant(0, 9, 99)], Instant::now()).await.expect_err("unread");
        let SourceError::Transient(text) = unread else { panic!("{unread:?}") };
        assert!(text.contains("put it back"), "{text}");
    }
}

#[tokio::test]
async fn a_folder_that_is_put_back_goes_on_where_it_was() {
    let parent = tempfile::tempdir().expect("a folder");
    let (folder, aside) = (parent.path().join("in"), parent.path().join("aside"));
    let (intake, mut journal) = open(&folder).await;
    intake.store(chunk(["first"])).await.expect("stored");
    fs::rename(&folder, &aside).expect("moved");
    is_refused(&intake).await;
    fs::rename(&aside, &folder).expect("moved back");
    intake.store(chunk(["second"])).await.expect("stored");
    let expected = [(0, b"first".to_vec(), false), (1, b"second".to_vec(), false)];
    assert_eq!(all(&mut journal, 0).await, expected);
    let copy = crashed(&folder);
    assert_eq!(all(&mut open(copy.path()).await.1, 0).await, expected);
}
