//! Connections that are accepted.

use forebay_core::journal::Refused;
use forebay_core::testing::{intake, manual_intake};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::running::{rest, start_tcp};

#[tokio::test]
async fn lines_become_records_in_order() {
    let (intake, mut caught) = intake();
    let running = start_tcp("", intake).await;
    let mut stream = running.connect().await;
    let peer = stream.local_addr().unwrap().to_string();
    let lines: Vec<_> = (0..50_000).map(|i| format!("line {i}")).collect();
    stream.write_all((lines.join("\r\n") + "\nlast").as_bytes()).await.unwrap();
    drop(stream);
    let mut values = Vec::new();
    while values.len() <= lines.len() {
        let arrival = caught.next().await.unwrap();
        assert_eq!(*arrival.chunk.peer, peer);
        values.extend(arrival.values());
    }
    assert_eq!(values.pop().unwrap(), b"last");
    assert!(values.iter().zip(&lines).all(|(value, line)| value == line.as_bytes()));
    let seen = running.until(|seen| seen["connections"]["open"] == 0).await;
    assert_eq!(seen["records"], lines.len() + 1);
    assert_eq!(seen["bytes"], lines.concat().len() + 4);
}

#[tokio::test]
async fn a_record_does_not_wait_for_the_next() {
    let (intake, mut caught) = intake();
    let running = start_tcp("", intake).await;
    let mut stream = running.connect().await;
    for line in ["one", "two"] {
        stream.write_all(format!("{line}\nbegin").as_bytes()).await.unwrap();
        let arrival = caught.next().await.unwrap();
        assert!(arrival.values()[0].ends_with(line.as_bytes()));
    }
}

#[tokio::test]
async fn frames_become_records() {
    let (intake, mut caught) = intake();
    let running = start_tcp("framing = \"length-prefixed\"", intake).await;
    let mut stream = running.connect().await;
    stream.write_all(b"\0\0\0\x03a\nb\0\0\0\0\0\0\0\x01c\0\0\0\x09cut").await.unwrap();
    drop(stream);
    assert_eq!(caught.values(4).await, [&b"a\nb"[..], b"", b"c", b"cut"]);
    let seen = running.until(|seen| seen["connections"]["open"] == 0).await;
    assert_eq!((&seen["records"], &seen["rejected"]), (&3.into(), &1.into()));
}

#[tokio::test]
async fn an_oversize_line_is_cut_out() {
    let (intake, mut caught) = intake();
    let running = start_tcp("max_frame = \"100KiB\"", intake).await;
    let mut stream = running.connect().await;
    stream.write_all(b"before\n").await.unwrap();
    stream.write_all(&vec![b'x'; 300 << 10]).await.unwrap();
    stream.write_all(b"\nbehind\n").await.unwrap();
    let mut stored = Vec::new();
    let mut refused = Vec::new();
    while stored.len() < 2 || refused.is_empty() {
        let arrival = caught.next().await.unwrap();
        match &arrival.reason {
            None => stored.extend(arrival.values()),
            Some(reason) => refused.push((reason.class, arrival.values())),
        }
    }
    assert_eq!(stored, [b"before", b"behind"]);
    assert_eq!((refused[0].0, refused[0].1[0][0]), ("oversize", b'x'));
    assert!(refused[0].1[0].len() <= 64 << 10);
    running.until(|seen| seen["rejected"] == 1 && seen["connections"]["open"] == 1).await;
}

#[tokio::test]
async fn a_length_of_four_gibibytes_closes_the_connection() {
    let (intake, mut caught) = intake();
    let running = start_tcp("framing = \"length-prefixed\"", intake).await;
    let mut stream = running.connect().await;
    stream.write_all(b"\0\0\0\x02ok\xff\xff\xff\xffwhat follows").await.unwrap();
    rest(&mut stream).await;
    assert_eq!(caught.next().await.unwrap().values(), [b"ok"]);
    let refused = caught.next().await.unwrap();
    assert_eq!(refused.reason.as_ref().unwrap().class, "oversize");
    assert_eq!(refused.values(), [b"what follows"]);
    running.until(|seen| seen["rejected"] == 1 && seen["connections"]["open"] == 0).await;
}

#[tokio::test]
async fn a_peer_without_a_whole_record_is_closed() {
    let (intake, mut caught) = intake();
    let running = start_tcp("idle_timeout = \"100ms\"", intake).await;
    let mut silent = running.connect().await;
    rest(&mut silent).await;

    // It keeps sending, but never a whole line.
    let mut slow = running.connect().await;
    slow.set_nodelay(true).unwrap();
    while slow.write_all(b"x").await.is_ok() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let refused = caught.next().await.unwrap();
    assert_eq!(refused.reason.as_ref().unwrap().class, "truncated");
    let seen = running.until(|seen| seen["connections"]["open"] == 0).await;
    assert_eq!((&seen["connections"]["idle"], &seen["records"]), (&2.into(), &0.into()));
}

#[tokio::test]
async fn more_connections_than_allowed_are_closed() {
    let (intake, mut caught) = intake();
    let running = start_tcp("max_connections = 1", intake).await;
    let mut first = running.connect().await;
    running.until(|seen| seen["connections"]["open"] == 1).await;
    rest(&mut running.connect().await).await;
    first.write_all(b"one\n").await.unwrap();
    assert_eq!(caught.values(1).await, [b"one"]);
    let seen = running.until(|seen| seen["connections"]["refused"] == 1).await;
    assert_eq!(seen["connections"]["total"], 1);
    drop(first);
    running.until(|seen| seen["connections"]["open"] == 0).await;
    running.connect().await.write_all(b"two\n").await.unwrap();
    assert_eq!(caught.values(1).await, [b"two"]);
}

#[tokio::test]
async fn acknowledgements_count_what_is_stored() {
    let (intake, mut caught) = manual_intake();
    let running = start_tcp("acknowledge = true\nmax_frame = \"4B\"", intake).await;
    let mut stream = BufReader::new(running.connect().await);
    let mut ack = String::new();
    for (text, chunks, expected) in
        [("one\ntwo\n", 1, "ack 2\n"), ("oversize\n", 1, "ack 3\n"), ("four\n", 1, "ack 4\n")]
    {
        stream.write_all(text.as_bytes()).await.unwrap();
        for _ in 0..chunks {
            caught.next().await.unwrap().answer(Ok(()));
        }
        ack.clear();
        stream.read_line(&mut ack).await.unwrap();
        assert_eq!(ack, expected);
    }
    // Nothing is acknowledged that is not stored.
    stream.write_all(b"five\n").await.unwrap();
    caught.next().await.unwrap().answer(Err(Refused::Closed));
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_peer_waits_while_there_is_no_room() {
    let (intake, mut caught) = intake();
    let running = start_tcp("receive_buffer = \"64KiB\"", intake).await;
    caught.fill();
    let mut stream = running.connect().await;
    let line = [vec![b'x'; 1023], b"\n".to_vec()].concat();
    let mut sent = 0_usize;
    let sending = async {
        loop {
            stream.write_all(&line).await.unwrap();
            sent += 1;
        }
    };
    let stalled = tokio::time::timeout(std::time::Duration::from_millis(300), sending).await;
    assert!(stalled.is_err());
    // What the kernel's buffers and one chunk take, but no more.
    assert!(sent < 64 << 10, "{sent}");
    assert_eq!(running.state.observe()["records"], 0);
    caught.make_room();
    assert!(caught.values(sent).await.len() >= sent);
}

#[tokio::test]
async fn a_journal_that_fails_is_tried_again() {
    let (intake, mut caught) = manual_intake();
    let running = start_tcp("", intake).await;
    let mut stream = running.connect().await;
    stream.write_all(b"one\n").await.unwrap();
    let failed = Refused::Failed("no space left on device".to_owned());
    caught.next().await.unwrap().answer(Err(failed));
    running
        .until(|seen| seen["last_error"].as_str().is_some_and(|it| it.contains("no space")))
        .await;
    let again = caught.next().await.unwrap();
    assert_eq!(again.values(), [b"one"]);
    again.answer(Ok(()));
    running.until(|seen| seen["records"] == 1).await;
}

#[tokio::test]
async fn a_stop_takes_what_has_arrived_and_no_half_line() {
    let (intake, mut caught) = intake();
    let running = start_tcp("", intake).await;
    let mut stream = running.connect().await;
    stream.write_all(b"whole\nha").await.unwrap();
    assert_eq!(caught.values(1).await, [b"whole"]);
    stream.write_all(b"lf\nlast\nnever whole").await.unwrap();
    running.stop.cancel();
    rest(&mut stream).await;
    let address = running.address.clone();
    let state = running.state.clone();
    running.ended().await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    let values: Vec<_> = caught.drain().iter().flat_map(|arrival| arrival.values()).collect();
    assert!(values == [&b"half"[..], b"last"] || values.is_empty(), "{values:?}");
    assert_eq!(state.observe()["rejected"], 0);
}
