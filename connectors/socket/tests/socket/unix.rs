//! Unix sockets and their files.

use std::os::unix::fs::PermissionsExt;

use forebay_core::receiver::ReceiverError;
use forebay_core::testing::intake;
use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use crate::running::{build, start};

#[tokio::test]
async fn lines_come_by_a_file_that_goes_with_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.sock");
    let options = format!("listen = \"unix://{}\"\nsocket_mode = \"0600\"", path.display());
    let (intake, mut caught) = intake();
    let running = start(&options, intake).await;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(b"one\n").await.unwrap();
    let arrival = caught.next().await.unwrap();
    assert_eq!(arrival.values(), [b"one"]);
    assert!(arrival.chunk.peer.contains(&format!("pid={}", std::process::id())));
    running.stop.cancel();
    running.ended().await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_dead_file_is_replaced_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.sock");
    let options = format!("listen = \"unix://{}\"", path.display());
    let run = || async { build(&options).run(intake().0, CancellationToken::new()).await };

    std::fs::write(&path, "precious").unwrap();
    assert!(matches!(run().await, Err(ReceiverError::Fatal(text)) if text.contains("no socket")));
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    std::fs::remove_file(&path).unwrap();

    let alive = UnixListener::bind(&path).unwrap();
    assert!(matches!(run().await, Err(ReceiverError::Transient(text)) if text.contains("listens")));
    drop(alive);
    assert!(path.exists());

    let (intake, mut caught) = intake();
    let running = start(&options, intake).await;
    UnixStream::connect(&path).await.unwrap().write_all(b"one\n").await.unwrap();
    assert_eq!(caught.values(1).await, [b"one"]);
    drop(running);
}

#[tokio::test]
async fn a_server_on_a_file_is_connected_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.sock");
    let server = UnixListener::bind(&path).unwrap();
    let (intake, mut caught) = intake();
    let running = start(&format!("connect = \"unix://{}\"", path.display()), intake).await;
    let (mut stream, _) = server.accept().await.unwrap();
    stream.write_all(b"one\n").await.unwrap();
    assert_eq!(caught.values(1).await, [b"one"]);
    running.stop.cancel();
    running.ended().await.unwrap();
}
