use std::cell::Cell;
use std::time::Duration;

use arrow::array::{Array, BinaryArray};
use tokio_util::sync::CancellationToken;

use super::Refused;
use crate::dead_letter::Reason;
use crate::receiver::Chunk;
use crate::testing::{chunk, intake, manual_intake};

#[tokio::test]
async fn what_is_stored_arrives_with_what_was_said_of_it() {
    let (intake, mut caught) = intake();
    let attributes = vec![("path".into(), "/a".into())];
    let sent = Chunk { peer: "10.0.0.7:1".into(), attributes: attributes.clone(), ..chunk(["a"]) };
    intake.store(sent).await.expect("stored");
    intake.reject(chunk(["long"]), Reason::new("oversize", "too long")).await.expect("stored");
    let arrivals = caught.drain();
    assert_eq!(arrivals[0].values(), [b"a"]);
    assert_eq!(&*arrivals[0].chunk.peer, "10.0.0.7:1");
    assert_eq!(arrivals[0].chunk.attributes, attributes);
    assert_eq!(arrivals[1].reason.as_ref().map(|reason| reason.class), Some("oversize"));
}

#[tokio::test]
async fn store_waits_for_the_answer_and_passes_it_on() {
    let (intake, mut caught) = manual_intake();
    let failed = Refused::Failed("disk full".into());
    let answer = async {
        caught.next().await.expect("a chunk").answer(Ok(()));
        caught.next().await.expect("a chunk").answer(Err(failed.clone()));
    };
    let stored = async { (intake.store(chunk(["a"])).await, intake.offer(chunk(["b"])).await) };
    let (stored, ()) = tokio::join!(stored, answer);
    assert_eq!(stored, (Ok(()), Err(failed)));
}

#[tokio::test(start_paused = true)]
async fn what_is_to_be_persisted_is_tried_again_until_it_is_stopped() {
    let (intake, mut caught) = manual_intake();
    let stop = CancellationToken::new();
    let (failed, heard) = (Refused::Failed("disk full".into()), Cell::new(0));
    let count = |_: &Refused| heard.set(heard.get() + 1);
    let answers = async {
        caught.next().await.expect("a chunk").answer(Err(failed.clone()));
        caught.next().await.expect("again").answer(Err(failed.clone()));
        caught.next().await.expect("again").answer(Ok(()));
        let refused = caught.next().await.expect("a refused record");
        assert!(refused.reason.is_some());
        stop.cancel();
        refused.answer(Err(failed.clone()));
    };
    let persisting = async {
        let stored = intake.persist(chunk(["a"]), None, &stop, count).await;
        let reason = Some(Reason::new("oversize", "too long"));
        (stored, intake.persist(chunk(["b"]), reason, &stop, count).await)
    };
    let (outcomes, ()) = tokio::join!(persisting, answers);
    assert_eq!((outcomes, heard.get()), ((Ok(()), Err(failed.clone())), 3));
}

#[tokio::test]
async fn when_full_offer_is_refused_and_store_waits_for_room() {
    let (intake, mut caught) = intake();
    caught.fill();
    assert!(
        matches!(intake.offer(chunk(["a"])).await, Err(Refused::Busy(wait)) if !wait.is_zero())
    );
    let mut store = Box::pin(intake.store(chunk(["b"])));
    assert!(futures::poll!(store.as_mut()).is_pending());
    caught.make_room();
    assert_eq!(store.await, Ok(()));
    assert_eq!(caught.values(1).await, [b"b"]);
}

#[tokio::test]
async fn who_gives_up_waiting_for_room_has_stored_nothing_and_takes_no_room() {
    let (intake, mut caught) = intake();
    caught.fill();
    let refused = Some(Reason::new("oversize", "too long"));
    let mut given_up = Box::pin(intake.reserve(chunk(["a"]), None));
    let mut waiting = Box::pin(intake.reserve(chunk(["b"]), refused));
    assert!(futures::poll!(given_up.as_mut()).is_pending());
    assert!(futures::poll!(waiting.as_mut()).is_pending());
    drop(given_up);
    caught.make_room();
    let reserved = waiting.await.expect("room");
    assert!(caught.drain().is_empty());
    assert_eq!(reserved.store().await, Ok(()));
    // One that is dropped with its room gives that back.
    let largest = || chunk([vec![b'x'; intake.max_chunk_bytes()]]);
    for _ in 0..20 {
        drop(intake.reserve(largest(), None).await.expect("room"));
    }
    let arrivals = caught.drain();
    assert_eq!(arrivals.len(), 1);
    assert_eq!(arrivals[0].reason.as_ref().map(|reason| reason.class), Some("oversize"));
}

#[tokio::test]
async fn closing_sends_away_who_waits_and_who_comes() {
    let (intake, mut caught) = intake();
    caught.fill();
    let mut store = Box::pin(intake.store(chunk(["b"])));
    assert!(futures::poll!(store.as_mut()).is_pending());
    caught.close();
    assert_eq!(store.await, Err(Refused::Closed));
    assert_eq!(intake.offer(chunk(["b"])).await, Err(Refused::Closed));
    assert_eq!(intake.store(chunk(["b"])).await, Err(Refused::Closed));
}

#[tokio::test]
async fn a_chunk_that_can_never_fit_is_refused_at_once() {
    let (intake, mut caught) = intake();
    let largest = chunk([vec![b'x'; intake.max_chunk_bytes()]]);
    assert_eq!(intake.store(largest).await, Ok(()));
    let larger = chunk([vec![b'x'; intake.max_chunk_bytes() + 1]]);
    assert!(matches!(intake.store(larger).await, Err(Refused::TooLarge { .. })));
    // Every byte a record: the offsets take more than the values.
    let many = chunk(std::iter::repeat_n("x", intake.max_chunk_bytes()));
    assert_eq!(intake.store(many).await, Ok(()));
    assert_eq!(caught.drain().len(), 2);
}

#[tokio::test]
async fn nulls_become_empty_and_nothing_is_stored_of_an_empty_chunk() {
    let (intake, mut caught) = intake();
    let values = BinaryArray::from_opt_vec(vec![Some(b"a"), None]);
    intake.store(Chunk { values, ..chunk(["x"]) }).await.expect("stored");
    intake.store(chunk([""; 0])).await.expect("nothing to store");
    let arrivals = caught.drain();
    assert_eq!(arrivals.len(), 1);
    assert_eq!(arrivals[0].chunk.values.null_count(), 0);
    assert_eq!(arrivals[0].values(), [b"a".to_vec(), Vec::new()]);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_goes_without_an_answer_is_told_that_it_is_over() {
    let (intake, mut caught) = manual_intake();
    let drop_it = async { drop(caught.next().await) };
    let (stored, ()) = tokio::join!(intake.store(chunk(["a"])), drop_it);
    assert_eq!(stored, Err(Refused::Closed));
    let late = tokio::time::timeout(Duration::from_secs(60), caught.next()).await;
    assert!(late.expect("gives up by itself").is_none());
}
