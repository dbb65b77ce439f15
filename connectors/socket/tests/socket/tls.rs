//! TLS at either end.

use std::path::Path;

use forebay_clients::testing::Authority;
use forebay_core::receiver::ReceiverError;
use forebay_core::testing::intake;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::running::{build, start_tcp};

#[tokio::test]
async fn client_certificates_are_demanded() {
    let (ours, theirs) = (Authority::new().unwrap(), Authority::new().unwrap());
    let (intake, mut caught) = intake();
    let running = start_tcp(&ours.asking_server_option(), intake).await;
    for client in [ours.client_of(&theirs), ours.client(), ours.client_of(&ours)] {
        let connector = client.connector(Path::new("")).unwrap();
        let name = client.server_name("127.0.0.1").unwrap();
        if let Ok(mut stream) = connector.connect(name, running.connect().await).await {
            let shown = if client == ours.client_of(&ours) { "good" } else { "bad" };
            let _ = stream.write_all(format!("{shown}\n").as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    }
    let mut plain = running.connect().await;
    plain.write_all(b"plain\n").await.unwrap();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut plain, &mut Vec::new()).await;
    assert_eq!(caught.values(1).await, [b"good"]);
    running.until(|seen| seen["connections"]["open"] == 0).await;
    assert!(caught.drain().is_empty());
}

#[tokio::test]
async fn a_server_is_verified() {
    let (ours, theirs) = (Authority::new().unwrap(), Authority::new().unwrap());
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let acceptor = ours.server().acceptor(Path::new("")).unwrap();
    let (intake, mut caught) = intake();
    for (authority, is_good) in [(&ours, true), (&theirs, false)] {
        let mut receiver = build(&format!(
            "connect = \"tcp://{address}\"\nconnect_tls = {{ ca_file = {:?} }}",
            authority.file("ca.pem"),
        ));
        let serving = async {
            let (stream, _) = server.accept().await.unwrap();
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.write_all(b"one\n").await;
                let _ = stream.shutdown().await;
            }
        };
        let (ended, ()) =
            tokio::join!(receiver.run(intake.clone(), CancellationToken::new()), serving);
        let Err(ReceiverError::Transient(text)) = ended else { panic!("{ended:?}") };
        if is_good {
            assert_eq!(caught.values(1).await, [b"one"]);
        } else {
            assert!(text.contains("certificate"), "{text}");
        }
    }
    assert!(caught.drain().is_empty());
}

#[tokio::test]
async fn broken_certificates_say_which_file() {
    let mut receiver = build(
        "listen = \"tcp://127.0.0.1:0\"\ntls = { cert_file = \"/nonexistent/a.pem\", key_file = \"a.key\" }",
    );
    let ended = receiver.run(intake().0, CancellationToken::new()).await;
    assert!(
        matches!(ended, Err(ReceiverError::Fatal(text)) if text.contains("/nonexistent/a.pem"))
    );
}

#[tokio::test]
async fn a_stream_that_is_cut_within_a_line_is_no_whole_line() {
    let authority = Authority::new().unwrap();
    let (intake, mut caught) = intake();
    let running = start_tcp(&authority.server_option(), intake).await;
    let client = authority.client();
    let connector = client.connector(Path::new("")).unwrap();
    let name = client.server_name("localhost").unwrap();
    let mut stream = connector.connect(name, running.connect().await).await.unwrap();
    stream.write_all(b"whole\nhalf").await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(caught.next().await.unwrap().values(), [b"whole"]);
    // Without TLS's own goodbye: whoever cuts the line could have done it.
    let (mut tcp, _) = stream.into_inner();
    tcp.shutdown().await.unwrap();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut tcp, &mut Vec::new()).await;
    let refused = caught.next().await.unwrap();
    assert_eq!(refused.reason.as_ref().unwrap().class, "truncated");
    assert_eq!(refused.values(), [b"half"]);
}
