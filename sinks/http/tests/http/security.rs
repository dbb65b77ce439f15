//! Servers that prove who they are, and ask who posts.

use std::path::Path;
use std::sync::{Arc, Mutex};

use forebay_clients::testing::Authority;
use forebay_core::sink::{SinkError, Written};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::server::{batch, build};

/// A server over TLS that takes everything, and the requests that came, as texts.
async fn secure(authority: &Authority) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/rows", listener.local_addr().unwrap());
    let acceptor = authority.server().acceptor(Path::new("")).unwrap();
    let requests = Arc::<Mutex<Vec<String>>>::default();
    let heard = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Who does not trust it goes away in mid-handshake.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let request = request(&mut stream).await;
            heard.lock().unwrap().push(request);
            let answer = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = stream.shutdown().await;
        }
    });
    (url, requests)
}

/// Reads one request as far as its `content-length` says.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = String::new();
    loop {
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes).await.unwrap();
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        assert!(count > 0, "it ends in mid-request: {text}");
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        if body.len() >= length {
            return text;
        }
    }
}

#[tokio::test]
async fn a_server_is_posted_to_only_when_it_proves_its_name() {
    let authority = Authority::new().unwrap();
    let (url, requests) = secure(&authority).await;
    let stranger = build(json!({ "url": url })).write(&batch(&[0..3; 1])).await.unwrap_err();
    let told = matches!(&stranger, SinkError::Transient(text) if text.contains("certificate"));
    assert!(told, "{stranger}");
    let probed = build(json!({ "url": url })).probe(None).await;
    assert_eq!((probed.is_well(), &*probed.steps().last().unwrap().name), (false, "tls"));
    assert!(requests.lock().unwrap().is_empty());

    let known = json!({
        "url": url, "ca_file": authority.file("ca.pem"), "username": "ann", "password": "secret",
    });
    let mut sink = build(known);
    assert_eq!(sink.write(&batch(&[0..3; 1])).await.unwrap(), Written::all());
    let probed = sink.probe(None).await;
    let steps: Vec<_> = probed.steps().iter().map(|step| &*step.name).collect();
    assert!(probed.is_well() && steps == ["name", "port", "tls", "answer"], "{probed:?}");
    let requests = requests.lock().unwrap();
    assert!(requests[0].starts_with("POST /rows") && requests[0].contains("{\"id\":2}"));
    // https://www.rfc-editor.org/rfc/rfc7617: `ann:secret`, in base64.
    assert!(requests[0].contains("authorization: Basic YW5uOnNlY3JldA=="), "{}", requests[0]);
}
