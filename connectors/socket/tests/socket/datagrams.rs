//! Datagrams.

use forebay_core::testing::intake;
use tokio::net::UdpSocket;

use crate::running::start;

#[tokio::test]
async fn a_datagram_is_a_record() {
    let (intake, mut caught) = intake();
    let running = start("listen = \"udp://127.0.0.1:0\"\nmax_frame = \"9B\"", intake).await;
    let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for datagram in [&b"a\nb"[..], b"", b"more than nine"] {
        sender.send_to(datagram, &running.address).await.unwrap();
    }
    let mut records = Vec::new();
    let mut refused = Vec::new();
    while records.len() + refused.len() < 3 {
        let arrival = caught.next().await.unwrap();
        assert_eq!(*arrival.chunk.peer, sender.local_addr().unwrap().to_string());
        match &arrival.reason {
            None => records.extend(arrival.values()),
            Some(reason) => refused.push((reason.class, arrival.values())),
        }
    }
    assert_eq!(records, [&b"a\nb"[..], b""]);
    assert_eq!(refused, [("oversize", vec![b"more than nine".to_vec()])]);
    running.stop.cancel();
    running.ended().await.unwrap();
}

#[tokio::test]
async fn a_datagram_may_hold_lines() {
    let (intake, mut caught) = intake();
    let running = start("listen = \"udp://127.0.0.1:0\"\nframing = \"lines\"", intake).await;
    let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    sender.send_to(b"one\r\n\ntwo\n", &running.address).await.unwrap();
    assert_eq!(caught.values(2).await, [b"one", b"two"]);
}

#[tokio::test]
async fn what_the_kernel_drops_is_counted() {
    let (intake, mut caught) = intake();
    let options = "listen = \"udp://127.0.0.1:0\"\nreceive_buffer = \"4KiB\"";
    let running = start(options, intake).await;
    assert_eq!(running.state.observe()["dropped_by_kernel"], 0);
    caught.fill();
    let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for _ in 0..2000 {
        sender.send_to(&[b'x'; 1000], &running.address).await.unwrap();
    }
    running.until(|seen| seen["dropped_by_kernel"].as_u64() > Some(0)).await;
    caught.make_room();
    assert!(!caught.values(1).await.is_empty());
    // They stay counted when the socket is gone.
    let state = running.state.clone();
    let dropped = state.observe()["dropped_by_kernel"].as_u64();
    running.stop.cancel();
    running.ended().await.unwrap();
    assert!(state.observe()["dropped_by_kernel"].as_u64() >= dropped);
}
