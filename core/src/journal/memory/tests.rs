use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{TimestampMillisecondType, UInt64Type};
use tokio::time::Instant;

use super::{MemoryQueue, memory};
use crate::batch::Slice;
use crate::clock::SystemClock;
use crate::decode::AsIs;
use crate::journal::{Intake, JournalSettings, Limits, Refused, SPLIT};
use crate::position::Position;
use crate::receiver::Chunk;
use crate::source::{Committed, Resume, Source, SourceError};
use crate::split::Grant;
use crate::testing::chunk;
use crate::units::ByteSize;

fn queue() -> (Intake, MemoryQueue) {
    let settings =
        JournalSettings { max_bytes: Some(ByteSize::mib(1)), ..JournalSettings::default() };
    let clock = SystemClock::shared();
    memory("in".into(), &settings, Limits::default(), AsIs::shared(None), clock)
}

fn values(slice: &Slice) -> Vec<&[u8]> {
    slice.records.column(0).as_binary::<i32>().iter().flatten().collect()
}

async fn read(queue: &mut MemoryQueue, from: &Position, records: u64, bytes: u64) -> Vec<Slice> {
    let grant = Grant {
        split: SPLIT.into(),
        generation: 3,
        from: from.clone(),
        until: None,
        records,
        bytes,
    };
    queue.read(&[grant], Instant::now()).await.expect("read")
}

async fn start(queue: &mut MemoryQueue) -> Position {
    queue.splits(&BTreeMap::new()).await.expect("splits")[0].start.clone()
}

async fn commit(queue: &mut MemoryQueue, position: &Position) {
    let (split, position) = (SPLIT.into(), position.clone());
    let committed = Committed { split, generation: 3, position, finished: false };
    queue.commit(&[committed]).await.expect("commit");
}

#[tokio::test]
async fn records_come_in_order_within_their_grants_and_again_on_replay() {
    let (intake, mut queue) = queue();
    let attributes = vec![("k".into(), "v".into()), ("l".into(), "w".into())];
    let first = Chunk { peer: "me".into(), attributes, ..chunk(["a", "bb", "ccc"]) };
    intake.store(first).await.expect("stored");
    intake.store(chunk(["d", "e"])).await.expect("stored");
    queue.ready().await;

    let from = start(&mut queue).await;
    let slices = read(&mut queue, &from, 4, 1 << 20).await;
    // Of what has arrived there is more, though nothing more arrives.
    assert!(futures::poll!(std::pin::pin!(queue.ready())).is_ready());
    let [slice] = &slices[..] else { panic!("one slice, not {slices:?}") };
    assert_eq!(values(slice), [&b"a"[..], b"bb", b"ccc", b"d"]);
    assert_eq!((slice.range.records, slice.range.bytes, slice.range.generation), (4, 7, 3));
    let born = from.as_u64().expect("a number");
    assert_eq!(slice.range.until, Position::from(born + 4));
    assert_eq!(
        slice.records.column(1).as_primitive::<UInt64Type>().values()[..],
        [born, born + 1, born + 2, born + 3]
    );
    assert!(slice.records.column(2).as_primitive::<TimestampMillisecondType>().value(0) > 0);
    let peers: Vec<_> = slice.records.column(3).as_string::<i32>().iter().flatten().collect();
    assert_eq!(peers, ["me", "me", "me", ""]);
    let map = slice.records.column(4).as_map();
    assert_eq!(map.value(2).column(1).as_string::<i32>().value(1), "w");
    assert_eq!(map.value_length(3), 0);

    let rest = read(&mut queue, &slice.range.until, 4, 1 << 20).await;
    assert_eq!(values(&rest[0]), [b"e"]);
    assert!(read(&mut queue, &rest[0].range.until, 4, 1 << 20).await.is_empty());
    assert!(futures::poll!(std::pin::pin!(queue.ready())).is_pending());

    let again = queue.replay(std::slice::from_ref(&slice.range)).await.expect("replayed");
    assert_eq!(again[0].records, slice.records);
    assert_eq!(again[0].range, slice.range);
}

#[tokio::test]
async fn bytes_bound_a_slice_but_one_record_always_passes() {
    let (intake, mut queue) = queue();
    intake.store(chunk(["aaaa", "bb", "cc", "dd"])).await.expect("stored");
    let from = start(&mut queue).await;
    let first = read(&mut queue, &from, 9, 1).await;
    assert_eq!(values(&first[0]), [b"aaaa"]);
    let second = read(&mut queue, &first[0].range.until, 9, 5).await;
    assert_eq!(values(&second[0]), [b"bb", b"cc"]);
}

#[tokio::test]
async fn a_commit_makes_room_and_what_it_gave_up_is_lost() {
    let (intake, mut queue) = queue();
    let large = || chunk([vec![b'x'; intake.max_chunk_bytes()]]);
    let mut stored = 0;
    while intake.offer(large()).await.is_ok() {
        stored += 1;
    }
    assert!(matches!(intake.offer(large()).await, Err(Refused::Busy(_))));
    assert!(stored > 1);
    let from = start(&mut queue).await;
    let slices = read(&mut queue, &from, 1, u64::MAX).await;
    commit(&mut queue, &slices[0].range.until).await;
    assert_eq!(intake.offer(large()).await, Ok(()));
    let lost = queue.replay(&[slices[0].range.clone()]).await;
    assert!(matches!(lost, Err(SourceError::Lost(_))), "{lost:?}");
}

#[tokio::test]
async fn what_an_earlier_process_held_is_gone_and_the_pipeline_goes_on() {
    let (intake, mut queue) = queue();
    intake.store(chunk(["new"])).await.expect("stored");
    let committed = Position::from(41_u64);
    let resume = Resume {
        committed: BTreeMap::from([(SPLIT.into(), committed.clone())]),
        finished: Vec::new(),
    };
    queue.connect(&resume).await.expect("connected");
    let planned = crate::range::Range {
        source: Arc::from("in"),
        split: SPLIT.into(),
        generation: 0,
        from: committed,
        until: Position::from(50_u64),
        records: 9,
        bytes: 90,
        last: false,
    };
    let replayed = queue.replay(std::slice::from_ref(&planned)).await.expect("an empty slice");
    assert_eq!(replayed[0].records.num_rows(), 0);
    assert_eq!((replayed[0].range.records, &replayed[0].range.until), (0, &planned.until));
    let slices = read(&mut queue, &planned.until, 9, 99).await;
    assert_eq!(values(&slices[0]), [b"new"]);
    assert_eq!(slices[0].range.from, planned.until);
}

#[tokio::test]
async fn closing_turns_the_receiver_away() {
    let (intake, mut queue) = queue();
    queue.close().await;
    assert_eq!(intake.store(chunk(["a"])).await, Err(Refused::Closed));
}
