use std::fs;

use proptest::prelude::*;

use super::super::verify;
use super::{all, crashed, only_segment, open};
use crate::testing::chunk;

#[tokio::test]
async fn a_frame_that_a_sender_hid_in_a_record_is_not_taken_for_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = tempfile::tempdir().expect("a folder");
    let (hidden, _journal) = open(other.path()).await;
    hidden.store(chunk((0..100).map(|_| "evil"))).await.expect("stored");
    let evil = fs::read(only_segment(other.path())).expect("read")[40..].to_vec();
    let (intake, _journal) = open(folder.path()).await;
    intake.store(chunk([&evil])).await.expect("stored");
    intake.store(chunk(["good"])).await.expect("stored");
    let copy = crashed(folder.path());
    let path = only_segment(copy.path());
    let mut bytes = fs::read(&path).expect("read");
    bytes[44] ^= 1;
    fs::write(&path, &bytes).expect("written");
    let rows = all(&mut open(copy.path()).await.1, 0).await;
    assert_eq!(rows.len(), 2);
    assert!(rows[0].2 && rows[0].0 == 0);
    assert_eq!(rows[1], (1, b"good".to_vec(), false));
}

/// A journal of five chunks of three records each, and the ends of their frames.
fn five_chunks(runtime: &tokio::runtime::Runtime) -> (String, Vec<u8>, Vec<usize>) {
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let (intake, _journal) = open(folder.path()).await;
        let path = only_segment(folder.path());
        let len = || usize::try_from(fs::metadata(&path).expect("a file").len()).expect("small");
        let mut ends = vec![len()];
        for number in 0..5 {
            let values = (0..3).map(|row| format!("chunk {number} row {row}"));
            intake.store(chunk(values)).await.expect("stored");
            ends.push(len());
        }
        let name = path.file_name().expect("a name").to_str().expect("text").to_owned();
        (name, fs::read(&path).expect("read"), ends)
    })
}

/// The records that a journal with these bytes yields.
fn yields(
    runtime: &tokio::runtime::Runtime,
    name: &str,
    bytes: &[u8],
) -> Vec<(u64, Vec<u8>, bool)> {
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(name), bytes).expect("written");
        verify(folder.path()).expect("verified");
        all(&mut open(folder.path()).await.1, 0).await
    })
}

fn records(chunks: impl Iterator<Item = u64>) -> Vec<(u64, Vec<u8>, bool)> {
    let record =
        |number, row| (number * 3 + row, format!("chunk {number} row {row}").into(), false);
    chunks.flat_map(|number| (0..3).map(move |row| record(number, row))).collect()
}

#[test]
fn a_journal_that_is_cut_at_any_byte_keeps_its_whole_frames() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (name, bytes, ends) = five_chunks(&runtime);
    for cut in (0..=bytes.len()).step_by(5).chain(ends.iter().copied()) {
        let whole = ends.iter().filter(|end| **end <= cut).count().saturating_sub(1) as u64;
        assert_eq!(yields(&runtime, &name, &bytes[..cut]), records(0..whole), "cut at {cut}");
    }
}

#[test]
fn a_changed_byte_costs_its_frame_and_no_other() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (name, bytes, ends) = five_chunks(&runtime);
    for at in (0..bytes.len()).step_by(3) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        let all_rows = yields(&runtime, &name, &changed);
        let (lost, rows): (Vec<_>, Vec<_>) = all_rows.into_iter().partition(|row| row.2);
        let Some(frame) = ends.iter().rposition(|end| *end <= at) else {
            // The segment's header: its name says as much.
            assert_eq!(rows, records(0..5), "byte {at}");
            continue;
        };
        assert_eq!(rows, records((0..5).filter(|number| *number != frame as u64)), "byte {at}");
        // Without a header behind it, the last frame looks like a torn write.
        let looks_torn = frame == 4 && at < ends[4] + 40;
        assert_eq!(lost.len(), usize::from(!looks_torn), "byte {at}");
        assert!(lost.iter().all(|row| row.0 == frame as u64 * 3), "byte {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_bytes_are_opened_without_a_panic(tail: Vec<u8>, at: prop::sample::Index) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (name, mut bytes, _) = five_chunks(&runtime);
        bytes.splice(at.index(bytes.len()).., tail);
        let rows = yields(&runtime, &name, &bytes);
        prop_assert!(rows.is_sorted_by_key(|row| row.0));
    }
}
