//! What batches are answered, and what is stored of them.

use std::time::Duration;

use arrow::array::AsArray;
use forebay_core::journal::Refused;
use forebay_core::testing::{Arrival, intake, manual_intake};
use forebay_flume_source::testing::{Status, event};

use crate::running::start;

#[tokio::test]
async fn batches_and_single_events_are_stored_as_they_arrived() {
    let (intake, mut caught) = intake();
    let running = start("", intake).await;
    let stream = running.connect().await;
    let peer = stream.local_addr().unwrap().to_string();
    let mut agent = forebay_flume_source::testing::Agent::new(stream);
    let events = [event(&[("dc", "NYC"), ("host", "a")], b"one"), event(&[], b""), vec![0, 0]];
    for _ in 0..2 {
        assert_eq!(agent.append_batch(&events).await, Ok(Status::Ok));
        let arrival = caught.next().await.unwrap();
        assert_eq!(arrival.values(), events);
        assert_eq!(*arrival.chunk.peer, peer);
    }
    assert_eq!(agent.append(&events[0]).await, Ok(Status::Ok));
    assert_eq!(caught.next().await.unwrap().values(), [events[0].clone()]);
    assert_eq!(agent.append_batch(&[]).await, Ok(Status::Ok));
    assert!(caught.drain().is_empty());
    let seen = running.until(|seen| seen["batches"]["ok"] == 4).await;
    assert_eq!((&seen["records"], &seen["batches"]["failed"]), (&7.into(), &0.into()));
    assert_eq!((&seen["connections"]["open"], &seen["last_error"]), (&1.into(), &().into()));
    running.stop.cancel();
    running.ended().await.unwrap();
}

#[tokio::test]
async fn several_agents_are_served_at_once() {
    let (intake, mut caught) = manual_intake();
    let running = start("", intake).await;
    let (mut one, mut other) = (running.agent().await, running.agent().await);
    let (first, second) = ([event(&[], b"1")], [event(&[], b"2")]);
    let serving = async {
        // Both wait for the journal; the second is answered first.
        let arrivals = [caught.next().await.unwrap(), caught.next().await.unwrap()];
        let mut values: Vec<_> = arrivals.iter().flat_map(|arrival| arrival.values()).collect();
        values.sort();
        assert_eq!(values, [first[0].clone(), second[0].clone()]);
        arrivals.into_iter().rev().for_each(|arrival| arrival.answer(Ok(())));
    };
    let (a, b, ()) = tokio::join!(one.append_batch(&first), other.append_batch(&second), serving);
    assert_eq!((a, b), (Ok(Status::Ok), Ok(Status::Ok)));
}

#[tokio::test]
async fn what_the_journal_cannot_keep_fails() {
    let (intake, mut caught) = manual_intake();
    let running = start("", intake).await;
    let mut agent = running.agent().await;
    let events = [event(&[], b"x")];
    let (answered, ()) = tokio::join!(agent.append_batch(&events), async {
        let arrival = caught.next().await.unwrap();
        // It waits for us: nothing has been answered.
        let seen = running.until(|seen| seen["batches"]["in_flight"] == 1).await;
        assert_eq!((&seen["batches"]["ok"], &seen["records"]), (&0.into(), &0.into()));
        arrival.answer(Err(Refused::Failed("no space left on device".to_owned())));
    });
    assert_eq!(answered, Ok(Status::Failed));
    running.until_error("no space left").await;
    // On the same connection it goes on.
    let (answered, ()) = tokio::join!(agent.append_batch(&events), async {
        caught.next().await.unwrap().answer(Ok(()));
    });
    assert_eq!(answered, Ok(Status::Ok));
}

#[tokio::test]
async fn a_full_journal_is_waited_for_and_then_it_fails() {
    let (intake, mut caught) = intake();
    let running = start("patience = \"100ms\"", intake).await;
    let mut agent = running.agent().await;
    let events = [event(&[], b"x")];
    caught.fill();
    assert_eq!(agent.append_batch(&events).await, Ok(Status::Failed));
    running.until_error("no room").await;
    caught.make_room();
    assert_eq!(agent.append_batch(&events).await, Ok(Status::Ok));
    assert_eq!(caught.drain().len(), 1);
}

#[tokio::test]
async fn a_batch_that_waits_is_taken_when_there_is_room() {
    let (intake, mut caught) = intake();
    let running = start("patience = \"15s\"", intake).await;
    let mut agent = running.agent().await;
    caught.fill();
    let events = [event(&[], b"x")];
    let (answered, ()) = tokio::join!(agent.append_batch(&events), async {
        running.until(|seen| seen["batches"]["in_flight"] == 1).await;
        caught.make_room();
    });
    assert_eq!(answered, Ok(Status::Ok));
    assert_eq!(caught.drain().len(), 1);
}

#[tokio::test]
async fn a_batch_larger_than_a_piece_is_stored_in_several() {
    let (intake, mut caught) = intake();
    let max = intake.max_chunk_bytes();
    let running = start("max_in_flight = \"1GiB\"", intake).await;
    let mut agent = running.agent().await;
    let one = event(&[("k", "v")], &vec![b'x'; max / 3]);
    assert_eq!(agent.append_batch(&vec![one.clone(); 4]).await, Ok(Status::Ok));
    let pieces: Vec<_> = caught.drain().iter().map(|piece| piece.values().len()).collect();
    assert_eq!(pieces, [2, 2]);
}

#[tokio::test]
async fn an_event_that_is_too_large_is_a_dead_letter_in_parts_and_blocks_no_other() {
    let (intake, mut caught) = intake();
    let running = start("max_event = \"1KiB\"", intake).await;
    let mut agent = running.agent().await;
    let (small, large) = (event(&[], b"x"), event(&[("k", "v")], &[b'y'; 2500]));
    let events = [small.clone(), large.clone(), small.clone()];
    assert_eq!(agent.append_batch(&events).await, Ok(Status::Ok));
    let arrivals = caught.drain();
    let class = |arrival: &Arrival| arrival.reason.as_ref().map(|reason| reason.class);
    let classes: Vec<_> = arrivals.iter().map(class).collect();
    let oversize = Some("oversize");
    assert_eq!(classes, [None, oversize, oversize, oversize, None]);
    let parts: Vec<u8> = arrivals[1..4].iter().flat_map(|it| it.values().concat()).collect();
    assert_eq!(parts, large);
    let seen = running.until(|seen| seen["oversize"] == 1).await;
    assert_eq!((&seen["records"], &seen["batches"]["ok"]), (&2.into(), &1.into()));
    running.until_error("max_event").await;
}

#[tokio::test]
async fn an_event_that_is_too_large_waits_for_room_no_longer_than_others() {
    let (intake, mut caught) = intake();
    let running = start("max_event = \"1KiB\"\npatience = \"100ms\"", intake).await;
    let mut agent = running.agent().await;
    let large = [event(&[], &[b'y'; 1500])];
    caught.fill();
    assert_eq!(agent.append_batch(&large).await, Ok(Status::Failed));
    caught.make_room();
    assert_eq!(agent.append_batch(&large).await, Ok(Status::Ok));
    assert_eq!(caught.drain().len(), 2);
}

#[tokio::test]
async fn an_event_that_is_too_large_may_be_refused() {
    let (intake, mut caught) = intake();
    let options = "max_event = \"1KiB\"\nlarge_events = \"refuse\"";
    let running = start(options, intake).await;
    let mut agent = running.agent().await;
    let (small, large) = (event(&[], b"x"), event(&[], &[b'y'; 1023]));
    let answered = agent.append_batch(&[small.clone(), large]).await.unwrap();
    assert!(matches!(&answered, Status::Error(text) if text.contains("max_event")), "{answered:?}");
    assert!(caught.drain().is_empty());
    running.until_error("max_event").await;
    running.until(|seen| seen["oversize"] == 1 && seen["batches"]["errors"] == 1).await;
    assert_eq!(agent.append_batch(&[small]).await, Ok(Status::Ok));
}

#[tokio::test]
async fn batches_together_have_a_limit() {
    let (intake, mut caught) = manual_intake();
    let running = start("max_in_flight = \"1MiB\"", intake).await;
    let large = [event(&[], &vec![b'x'; 200 << 10])];
    let (mut one, mut other) = (running.agent().await, running.agent().await);
    let (answered, ()) = tokio::join!(one.append_batch(&large), async {
        let arrival = caught.next().await.unwrap();
        assert!(other.append_batch(&large).await.is_err());
        running.until_error("max_in_flight").await;
        arrival.answer(Ok(()));
    });
    assert_eq!(answered, Ok(Status::Ok));
    let mut other = running.agent().await;
    let (answered, arrival) = tokio::join!(other.append_batch(&large), async {
        let arrival = caught.next().await.unwrap();
        let bytes = arrival.chunk.values.value_data().len();
        arrival.answer(Ok(()));
        bytes
    });
    assert!(answered == Ok(Status::Ok) && arrival > 200 << 10);
}

#[tokio::test]
async fn a_stop_lets_the_batch_under_way_finish() {
    let (intake, mut caught) = manual_intake();
    let running = start("", intake).await;
    let mut idle = running.connect().await;
    let mut half = running.connect().await;
    tokio::io::AsyncWriteExt::write_all(&mut half, b"\0\0\0\x01\0\0").await.unwrap();
    let mut agent = running.agent().await;
    let events = [event(&[], b"x")];
    let (answered, ()) = tokio::join!(agent.append_batch(&events), async {
        let arrival = caught.next().await.unwrap();
        running.stop.cancel();
        // Whoever has nothing under way is let go at once.
        assert!(crate::running::is_closed(&mut idle).await);
        assert!(crate::running::is_closed(&mut half).await);
        arrival.answer(Ok(()));
    });
    assert_eq!(answered, Ok(Status::Ok));
    assert!(agent.append_batch(&events).await.is_err());
    let address = running.address;
    tokio::time::timeout(Duration::from_secs(10), running.ended()).await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn events_become_columns() {
    let (intake, mut caught) = intake();
    let running = start("", intake).await;
    let mut agent = running.agent().await;
    let events = [event(&[("dc", "NYC")], b"one")];
    assert_eq!(agent.append_batch(&events).await, Ok(Status::Ok));
    let stored = caught.next().await.unwrap().chunk.values;
    let decoder = crate::running::build("keep = [\"headers\"]").decoder();
    let schema = forebay_core::journal::schema();
    let attributes = arrow::array::MapBuilder::new(
        None,
        arrow::array::StringBuilder::new(),
        arrow::array::StringBuilder::new(),
    );
    let mut attributes = attributes;
    attributes.append(true).unwrap();
    let attributes = arrow::compute::cast(&attributes.finish(), schema.field(4).data_type());
    let columns: Vec<arrow::array::ArrayRef> = vec![
        std::sync::Arc::new(stored),
        std::sync::Arc::new(arrow::array::UInt64Array::from(vec![1])),
        std::sync::Arc::new(
            arrow::array::TimestampMillisecondArray::from(vec![7]).with_timezone("UTC"),
        ),
        std::sync::Arc::new(arrow::array::StringArray::from(vec!["agent"])),
        attributes.unwrap(),
    ];
    let records = arrow::array::RecordBatch::try_new(schema, columns).unwrap();
    let rows = decoder.decode(&records).unwrap().columns;
    assert_eq!(rows.column(0).as_string::<i32>().value(0), "one");
    let headers = rows.column(1).as_map();
    assert_eq!(headers.keys().as_string::<i32>().value(0), "dc");
    assert_eq!(headers.values().as_string::<i32>().value(0), "NYC");
}
