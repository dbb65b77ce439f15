//! Looking whether rows could be posted.

use forebay_core::probe::{Outcome, Probed};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::server::{Server, build, no_options, taken};

/// The names of the steps, whether all are well, and what the last one says.
fn said(probed: &Probed) -> (Vec<&str>, bool, &str) {
    let steps = probed.steps();
    let names = steps.iter().map(|step| &*step.name).collect();
    let words = match &steps.last().unwrap().outcome {
        Outcome::Well { found } => found,
        Outcome::Failed { reason, help } => {
            assert!(!help.is_empty());
            reason
        }
    };
    (names, probed.is_well(), words)
}

/// A server that answers everything so.
async fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

#[tokio::test]
async fn a_probe_finds_the_first_step_that_fails_and_posts_nothing() {
    let server = Server::start(taken).await;
    let probed = server.sink(no_options()).probe(None).await;
    let (steps, is_well, words) = said(&probed);
    assert_eq!(steps, ["name", "port", "answer"]);
    assert!(is_well && words.contains("405"), "{words}");
    assert!(server.requests().is_empty());

    let address = answering("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n").await;
    for (url, expected, words) in [
        (format!("http://{address}/"), &["name", "port", "answer"][..], "401"),
        (format!("https://{address}/"), &["name", "port", "tls"], "InvalidContentType"),
        ("http://nowhere.invalid/".to_owned(), &["name"], "nowhere.invalid"),
    ] {
        let probed = build(json!({ "url": url })).probe(None).await;
        let (steps, is_well, said) = said(&probed);
        assert_eq!((steps, is_well), (expected.to_vec(), false), "{probed:?}");
        assert!(said.contains(words), "{said}");
    }
}
