//! Connections that are opened, as Spark's `socketTextStream` does.

use forebay_core::receiver::ReceiverError;
use forebay_core::testing::intake;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::running::{build, start};

#[tokio::test]
async fn the_end_of_the_stream_asks_for_another_run() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let (intake, mut caught) = intake();
    let mut receiver = build(&format!("connect = \"tcp://{address}\""));
    for round in 0..2 {
        let serving = async {
            let (mut stream, _) = server.accept().await.unwrap();
            stream.write_all(format!("one {round}\ntwo {round}").as_bytes()).await.unwrap();
        };
        let (ended, ()) =
            tokio::join!(receiver.run(intake.clone(), CancellationToken::new()), serving);
        let Err(ReceiverError::Transient(text)) = ended else { panic!("{ended:?}") };
        assert!(text.contains("the peer closed"), "{text}");
        let values = [format!("one {round}").into_bytes(), format!("two {round}").into_bytes()];
        assert_eq!(caught.values(2).await, values);
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_tried_again() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut receiver = build(&format!("connect = \"tcp://{unused}\""));
    let ended = receiver.run(intake().0, CancellationToken::new()).await;
    let Err(ReceiverError::Transient(text)) = ended else { panic!("{ended:?}") };
    assert!(text.contains(&unused.to_string()), "{text}");
}

#[tokio::test]
async fn a_stop_ends_the_run_without_an_error() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (intake, mut caught) = intake();
    let address = server.local_addr().unwrap();
    let running = start(&format!("connect = \"tcp://{address}\""), intake).await;
    let (mut stream, _) = server.accept().await.unwrap();
    stream.write_all(b"one\ntw").await.unwrap();
    assert_eq!(caught.values(1).await, [b"one"]);
    running.stop.cancel();
    running.ended().await.unwrap();
    assert!(caught.drain().is_empty());
}
