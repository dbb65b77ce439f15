//! Events as they happen.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::client::PATIENCE;
use crate::running::{GENERATOR_TO_MEMORY, Running};

/// A client that follows.
struct Follower(BufReader<TcpStream>);

impl Follower {
    /// Asks, and returns the status line.
    async fn open(address: SocketAddr) -> (Self, String) {
        Self::open_at(address, "/api/events").await
    }

    async fn open_at(address: SocketAddr, path: &str) -> (Self, String) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut follower = Self(BufReader::new(stream));
        let status = follower.line().await.unwrap_or_default();
        (follower, status)
    }

    /// The next line; `None` at the end.
    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, self.0.read_line(&mut line)).await.unwrap();
        read.is_ok_and(|count| count > 0).then(|| line.trim_end().to_owned())
    }

    /// The next event: its name and data.
    async fn event(&mut self) -> (String, Value) {
        loop {
            let line = self.line().await.unwrap();
            if let Some(name) = line.strip_prefix("event: ") {
                let data = self.line().await.unwrap();
                let data = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
                return (name.to_owned(), data);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_hears_how_things_stand_and_then_what_happens() {
    let mut running = Running::start(GENERATOR_TO_MEMORY).await;
    let (mut follower, status) = Follower::open(running.address).await;
    assert!(status.contains("200"), "{status}");
    let (name, data) = follower.event().await;
    assert_eq!((name.as_str(), &data["pipelines"][0]["name"]), ("pipelines", &"p".into()));
    let mut batches = Vec::new();
    while batches.len() < 3 {
        let (name, data) = follower.event().await;
        if name == "progress" {
            assert_eq!(data["pipeline"], "p");
            batches.push(data["batch"].as_u64().unwrap());
        }
    }
    assert!(batches.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{batches:?}");
    running.drain().await;
    loop {
        let (name, data) = follower.event().await;
        if name == "state" && data["state"] == "stopped" {
            break;
        }
    }
    running.end_admin().await;
    while follower.line().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_all_stand_is_told_again_and_again_until_the_gateway_stops() {
    let running = Running::start(GENERATOR_TO_MEMORY).await;
    let (mut follower, status) = Follower::open_at(running.address, "/api/live").await;
    assert!(status.contains("200"), "{status}");
    let mut times = Vec::new();
    for _ in 0..3 {
        let (name, data) = follower.event().await;
        let pipeline = &data["pipelines"][0];
        assert_eq!((name.as_str(), &pipeline["name"]), ("pipelines", &"p".into()));
        assert!(pipeline["why"]["sentence"].is_string(), "{pipeline}");
        assert_eq!(pipeline["spark"].as_array().map(Vec::len), Some(60));
        times.push(data["now_ms"].as_u64().unwrap());
    }
    assert!(times.is_sorted_by(|left, right| left < right), "{times:?}");
    running.end().await;
    while follower.line().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_so_many_may_follow_and_places_become_free() {
    let running = Running::start(GENERATOR_TO_MEMORY).await;
    let mut followers = Vec::new();
    for _ in 0..64 {
        let (follower, status) = Follower::open(running.address).await;
        assert!(status.contains("200"), "{status}");
        followers.push(follower);
    }
    assert!(Follower::open(running.address).await.1.contains("503"));
    drop(followers);
    let free = async {
        while !Follower::open(running.address).await.1.contains("200") {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, free).await.unwrap();
    running.end().await;
}
