//! The folder is taken away while the checkpoint is open.

use std::fs;

use super::{
    Checkpoint, CheckpointError, LocalCheckpoint, commit, filled, open, plan,
    same_but_for_the_opening,
};

#[tokio::test]
async fn a_folder_that_was_emptied_gets_all_that_is_known() {
    for whole in [true, false] {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("p");
        filled(&folder, 3).await;
        let mut checkpoint = open(&folder).await.expect("opened");
        checkpoint.commit(commit(3, Some(b"state")), true).await.expect("committed");
        checkpoint.plan(plan(4), false).await.expect("planned");
        if whole {
            fs::remove_dir_all(&folder).expect("removed");
        } else {
            for name in ["log", "owner", "state-3"] {
                fs::remove_file(folder.join(name)).expect("removed");
            }
        }
        let wish = commit(4, Some(b"more"));
        let refused = checkpoint.commit(wish.clone(), true).await.expect_err("refused");
        let CheckpointError::Io(text) = refused else { panic!("{refused:?}") };
        assert!(text.contains("was removed or emptied; put it back"), "{text}");
        if whole {
            let refused = checkpoint.commit(wish.clone(), true).await.expect_err("refused");
            assert!(matches!(refused, CheckpointError::Io(_)), "not made anew: {refused:?}");
            fs::create_dir(&folder).expect("made");
        }
        checkpoint.commit(wish, true).await.expect("committed");
        let taken = open(&folder).await.expect_err("locked again");
        assert!(matches!(taken, CheckpointError::Taken(_)));
        let left = checkpoint.ledger().clone();
        drop(checkpoint);
        let found = open(&folder).await.expect("opened");
        assert!(same_but_for_the_opening(&left, found.ledger()));
        assert_eq!(found.ledger().state.as_ref().expect("state").bytes, b"more");
    }
}

#[tokio::test]
async fn who_came_into_the_new_folder_first_keeps_it() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("p");
    let mut old = open(&folder).await.expect("opened");
    old.plan(plan(1), false).await.expect("planned");
    fs::remove_dir_all(&folder).expect("removed");
    let _new = LocalCheckpoint::open(&folder, "p", 2).await.expect("opened");
    let refused = old.commit(commit(1, None), true).await.expect_err("refused");
    assert!(matches!(refused, CheckpointError::Taken(_)), "{refused:?}");
}
