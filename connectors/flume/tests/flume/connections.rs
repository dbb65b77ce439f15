//! Connections that do not behave.

use forebay_core::receiver::ReceiverError;
use forebay_core::testing::intake;
use forebay_flume_source::testing::{Agent, Status, event};
use tokio::io::AsyncWriteExt;

use crate::running::{build, is_closed, start};

#[tokio::test]
async fn what_is_no_flume_is_closed_and_others_are_not_disturbed() {
    let (intake, mut caught) = intake();
    let running = start("max_frame = \"1KiB\"", intake).await;
    let mut good = running.agent().await;
    let cases: [(&[u8], &str); 5] = [
        (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", "another protocol"),
        (b"\0\0\0\x01\0\0\0\0", "another protocol"),
        (b"\0\0\0\x01\0\0\0\x01\0\0\x04\x01", "max_frame"),
        (b"\0\0\0\x01\0\0\0\x01\0\0\0\x03abc", "broken"),
        (b"\x16\x03\x01\0\0", "`tls` is not set"),
    ];
    for (bytes, error) in cases {
        let mut stream = running.connect().await;
        stream.write_all(bytes).await.unwrap();
        assert!(is_closed(&mut stream).await, "{error}");
        running.until_error(error).await;
        assert_eq!(good.append_batch(&[event(&[], b"x")]).await, Ok(Status::Ok));
    }
    assert_eq!(caught.drain().len(), cases.len());
}

#[tokio::test]
async fn an_agent_that_goes_away_in_mid_batch_stores_nothing() {
    let (intake, mut caught) = intake();
    let running = start("", intake).await;
    let mut stream = running.connect().await;
    stream.write_all(b"\0\0\0\x01\0\0\0\x01\0\0\x10\0abc").await.unwrap();
    running.until(|seen| seen["connections"]["open"] == 1).await;
    drop(stream);
    running.until(|seen| seen["connections"]["open"] == 0).await;
    assert!(caught.drain().is_empty());
}

#[tokio::test]
async fn an_agent_that_is_slow_is_cut() {
    let (intake, mut caught) = intake();
    let running = start("frame_timeout = \"50ms\"", intake).await;
    let mut stream = running.connect().await;
    stream.write_all(b"\0\0\0\x01\0\0\0\x01\0\0\x10\0abc").await.unwrap();
    assert!(is_closed(&mut stream).await);
    running.until_error("not whole within 50 ms").await;
    assert!(caught.drain().is_empty());
}

#[tokio::test]
async fn idle_connections_are_kept_unless_it_is_said() {
    let (taken, mut caught) = intake();
    let running = start("frame_timeout = \"20ms\"", taken).await;
    let mut agent = running.agent().await;
    assert_eq!(agent.append_batch(&[event(&[], b"x")]).await, Ok(Status::Ok));
    // Longer than a batch may take.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(agent.append_batch(&[event(&[], b"y")]).await, Ok(Status::Ok));
    assert_eq!(caught.drain().len(), 2);

    let (taken, _caught) = intake();
    let running = start("idle_timeout = \"50ms\"", taken).await;
    let (mut silent, mut agent) = (running.connect().await, running.agent().await);
    assert_eq!(agent.append_batch(&[event(&[], b"x")]).await, Ok(Status::Ok));
    assert!(is_closed(&mut silent).await);
    running.until(|seen| seen["connections"]["open"] == 0).await;
}

#[tokio::test]
async fn more_connections_than_allowed_are_closed() {
    let (taken, _caught) = intake();
    let running = start("max_connections = 1", taken).await;
    let mut first = running.agent().await;
    assert_eq!(first.append_batch(&[event(&[], b"x")]).await, Ok(Status::Ok));
    let mut second = running.connect().await;
    assert!(is_closed(&mut second).await);
    running.until_error("too many connections").await;
    drop(first);
    running.until(|seen| seen["connections"]["open"] == 0).await;
    let mut third = Agent::new(running.connect().await);
    assert_eq!(third.append_batch(&[event(&[], b"x")]).await, Ok(Status::Ok));
}

#[tokio::test]
async fn an_address_in_use_and_broken_certificates_say_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("127.0.0.1:{}", taken.local_addr().unwrap().port());
    let tls = "tls = { cert_file = \"/nonexistent/a.pem\", key_file = \"a.key\" }";
    let ended = build(tls).run(intake().0, Default::default()).await;
    assert!(matches!(&ended, Err(ReceiverError::Fatal(text)) if text.contains("a.pem")));
    let mut receiver = crate::options::build_at(&listen);
    let ended = receiver.run(intake().0, Default::default()).await;
    assert!(
        matches!(&ended, Err(ReceiverError::Transient(text)) if text.contains("cannot listen")),
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_probe_reads_the_certificate_and_takes_the_address() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("127.0.0.1:{}", taken.local_addr().unwrap().port());
    let probed = crate::options::build_at(&listen).probe().await;
    assert_eq!((probed.is_well(), &*probed.steps()[0].name), (false, "listen"), "{probed:?}");
    drop(taken);
    assert!(crate::options::build_at(&listen).probe().await.is_well());
    let authority = forebay_clients::testing::Authority::new().unwrap();
    let probed = build(&authority.server_option()).probe().await;
    let names: Vec<_> = probed.steps().iter().map(|step| &*step.name).collect();
    assert_eq!((probed.is_well(), names), (true, vec!["tls", "listen"]), "{probed:?}");
    std::fs::write(authority.file("server.key"), "").unwrap();
    assert!(!build(&authority.server_option()).probe().await.is_well());
}
