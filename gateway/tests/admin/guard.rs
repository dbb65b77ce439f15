//! What must not be asked.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{PATIENCE, get, send};
use crate::running::{GENERATOR_TO_MEMORY, Running};

#[tokio::test]
async fn nothing_can_be_changed_from_elsewhere_and_no_foreign_name_leads_here() {
    let text = format!("[gateway]\nallowed_hosts = [\"ours.example\"]\n{GENERATOR_TO_MEMORY}");
    let running = Running::start(&text).await;
    let table = [
        ("POST / HTTP/1.1\r\nHost: localhost", 403),
        ("POST /api/pipelines/p/pause HTTP/1.1\r\nHost: localhost", 403),
        ("POST /api/pipelines/p/pause HTTP/1.1\r\nHost: evil.example", 421),
        ("POST / HTTP/1.1\r\nHost: localhost\r\nX-Forebay-Action: 1", 405),
        ("DELETE /api/pipelines/p HTTP/1.1\r\nHost: localhost", 405),
        ("PUT /api/config HTTP/1.1\r\nHost: localhost", 405),
        ("OPTIONS * HTTP/1.1\r\nHost: localhost", 405),
        ("GET /livez HTTP/1.1\r\nHost: localhost:1", 200),
        ("GET /livez HTTP/1.1\r\nHost: ours.example", 200),
        ("GET /livez HTTP/1.1\r\nHost: evil.example", 421),
        ("GET /nothing HTTP/1.1\r\nHost: evil.example", 421),
        ("GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: evil.example", 421),
        ("GET http://evil.example/livez HTTP/1.1\r\nHost: localhost", 421),
        ("GET http://localhost/livez HTTP/1.1\r\nHost: localhost", 200),
        ("GET /livez HTTP/1.1\r\nAccept: */*", 421),
        ("GET /livez HTTP/1.1\r\nHost: \u{e9}vil", 421),
    ];
    for (head, status) in table {
        let request = format!("{head}\r\nConnection: close\r\n\r\n");
        let answer = send(running.address, request.as_bytes()).await;
        assert_eq!(answer.status, status, "{head} {answer:?}");
        assert!(answer.head.contains("content-security-policy: default-src 'none'"), "{head}");
        assert!(answer.head.contains("x-content-type-options: nosniff"), "{head}");
    }
    running.end().await;
}

#[tokio::test]
async fn no_bytes_bring_it_down() {
    let running = Running::start(GENERATOR_TO_MEMORY).await;
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(1 << 20));
    let inputs: [&[u8]; 6] = [
        b"\r\n\r\n\r\n",
        b"\0\xff\xfe\x16\x03\x01",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        long.as_bytes(),
    ];
    for input in inputs {
        let talk = async {
            let mut stream = TcpStream::connect(running.address).await.unwrap();
            // It may hang up before it has heard everything.
            let _ = stream.write_all(input).await;
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        };
        tokio::time::timeout(PATIENCE, talk).await.unwrap();
    }
    assert_eq!(get(running.address, "/livez").await.status, 200);
    running.end().await;
}

#[tokio::test]
async fn connections_are_bounded() {
    let running = Running::start(GENERATOR_TO_MEMORY).await;
    let mut open = Vec::new();
    let hang_up = async {
        loop {
            let mut stream = TcpStream::connect(running.address).await.unwrap();
            stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
            let mut first = [0];
            // What is refused is closed without a word.
            if !matches!(stream.read(&mut first).await, Ok(1)) {
                return;
            }
            open.push(stream);
        }
    };
    tokio::time::timeout(PATIENCE, hang_up).await.unwrap();
    assert_eq!(open.len(), 128);
    drop(open);
    let answers = async {
        loop {
            let mut stream = TcpStream::connect(running.address).await.unwrap();
            stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
            if matches!(stream.read(&mut [0]).await, Ok(1)) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, answers).await.unwrap();
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_answers_at_once_all_arrive_whole() {
    let running = Running::start(GENERATOR_TO_MEMORY).await;
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..60 {
        let paths = ["components", "splits", "batches?limit=240", "dead-letters"];
        let path = format!("/api/pipelines/p/{}", paths[number % paths.len()]);
        let address = running.address;
        asking.spawn(async move { get(address, &path).await });
    }
    while let Some(answer) = asking.join_next().await {
        let answer = answer.unwrap();
        let length = format!("content-length: {}", answer.body.len());
        assert!(answer.status == 200 && answer.head.contains(&length), "{}", answer.head);
        assert_eq!(answer.json()["pipeline"], "p");
    }
    running.end().await;
}
