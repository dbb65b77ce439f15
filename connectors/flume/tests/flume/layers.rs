//! TLS and compression, alone and together in either order.

use std::path::Path;

use forebay_clients::testing::Authority;
use forebay_clients::tls::ClientTls;
use forebay_core::testing::intake;
use forebay_flume_source::testing::{Agent, Status, deflated, event};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::running::start;

/// TLS over a stream.
async fn secured<S: AsyncRead + AsyncWrite + Send + Unpin>(
    client: &ClientTls,
    stream: S,
) -> std::io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + use<S>> {
    let name = client.server_name("127.0.0.1").unwrap();
    client.connector(Path::new("")).unwrap().connect(name, stream).await
}

async fn sent<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> Result<Status, String> {
    let mut agent = Agent::new(stream);
    // Two, so that the second has no handshake, and one is larger than what is read at once.
    agent.append_batch(&[event(&[("a", "b")], b"x")]).await?;
    agent.append_batch(&[event(&[], &dense(100_000))]).await
}

/// Bytes that cannot be compressed.
fn dense(count: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    (0..count).map(next).collect()
}

#[tokio::test]
async fn each_order_of_layers_is_understood() {
    let authority = Authority::new().unwrap();
    let (intake, mut caught) = intake();
    let running = start(&authority.server_option(), intake).await;
    let client = authority.client();
    let connect = || running.connect();
    // TLS alone, as all versions do it; outside, as up to 1.9; inside, as from 1.10 on.
    assert_eq!(sent(secured(&client, connect().await).await.unwrap()).await, Ok(Status::Ok));
    let outside = deflated(secured(&client, connect().await).await.unwrap());
    assert_eq!(sent(outside).await, Ok(Status::Ok));
    let inside = secured(&client, deflated(connect().await)).await.unwrap();
    assert_eq!(sent(inside).await, Ok(Status::Ok));
    assert_eq!(caught.drain().len(), 6);
    // TLS is demanded, whatever else is there.
    for refused in [sent(connect().await).await, sent(deflated(connect().await)).await] {
        assert!(refused.is_err());
        running.until_error("does not speak TLS").await;
    }
    assert!(caught.drain().is_empty());
}

#[tokio::test]
async fn compression_can_be_demanded_and_refused() {
    for (options, plain, compressed) in [
        ("", true, true),
        ("compression = \"none\"", true, false),
        ("compression = \"deflate\"", false, true),
    ] {
        let (intake, mut caught) = intake();
        let running = start(options, intake).await;
        let is_ok = |answer| answer == Ok(Status::Ok);
        assert_eq!(is_ok(sent(running.connect().await).await), plain, "{options}");
        let answer = sent(deflated(running.connect().await)).await;
        assert_eq!(is_ok(answer), compressed, "{options}");
        let stored = 2 * (usize::from(plain) + usize::from(compressed));
        assert_eq!(caught.drain().len(), stored, "{options}");
    }
}

#[tokio::test]
async fn no_newer_version_of_tls_is_spoken_than_it_is_said() {
    let authority = Authority::new().unwrap();
    let (intake, mut caught) = intake();
    let options = authority.server_option().replace(" }", ", max_version = \"1.2\" }");
    let running = start(&options, intake).await;
    let client = authority.client();
    let newest =
        ClientTls { min_version: forebay_clients::tls::TlsVersion::V1_3, ..client.clone() };
    assert!(secured(&newest, running.connect().await).await.is_err());
    let stream = secured(&client, running.connect().await).await.unwrap();
    assert_eq!(sent(stream).await, Ok(Status::Ok));
    assert_eq!(caught.drain().len(), 2);
}

#[tokio::test]
async fn what_expands_too_far_is_closed() {
    let (intake, mut caught) = intake();
    let running = start("max_frame = \"64KiB\"", intake).await;
    let mut agent = Agent::new(deflated(running.connect().await));
    assert!(agent.append_batch(&[event(&[], &vec![0; 10 << 20])]).await.is_err());
    running.until_error("max_frame").await;
    assert!(caught.drain().is_empty());
}
