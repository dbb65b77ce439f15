//! Looking at records as they pass.

use std::process::Command;

use serde_json::Value;

use crate::client::{get, post, send, until};
use crate::running::Running;

/// Records of which one in five is broken.
const PARTLY_BROKEN: &str = r#"
[sources.shop]
type = "generator"
as = "json"
format = "json"
schema = { id = "bigint" }
broken_ratio = 0.2
rows_per_second = 2000
splits = 2

[sinks.last]
type = "memory"

[pipelines.p]
from = ["shop"]
to = ["last"]
interval = "20ms"
"#;

/// The samples of an answer; chunks of the transfer and lines without one are passed over.
fn samples(body: &str) -> Vec<Value> {
    let lines = body.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_stage_shows_records_with_their_origin() {
    let running = Running::start(PARTLY_BROKEN).await;
    let at = running.address;
    for (stage, key) in
        [("read", "text"), ("decoded", "row"), ("transformed", "row"), ("dead-letter", "reason")]
    {
        let wanted = format!("{{\"stage\": \"{stage}\", \"limit\": 5}}");
        let answer = post(at, "/api/pipelines/p/tap", &wanted, "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.head.contains("application/x-ndjson"), "{answer:?}");
        let samples = samples(&answer.body);
        assert_eq!(samples.len(), 5, "{stage}: {answer:?}");
        for sample in samples {
            let is_whole = sample["stage"] == stage
                && sample["source"] == "shop"
                && sample["split"].is_string()
                && sample["position"].is_string()
                && sample["batch"].as_u64() > Some(0)
                && !sample[key].is_null();
            assert!(is_whole, "{sample}");
            assert!(key != "row" || sample["row"]["id"].is_i64(), "{sample}");
        }
    }
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_change_anything_may_not_look_at_records() {
    let text = format!("[gateway]\nadmin_token = \"sesame, open yourself\"\n{PARTLY_BROKEN}");
    let running = Running::start(&text).await;
    let at = running.address;
    let path = "/api/pipelines/p/tap";
    assert_eq!(post(at, path, "{}", "").await.status, 401);
    assert_eq!(get(at, path).await.status, 405);
    let foreign = format!(
        "POST {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    assert_eq!(send(at, foreign.as_bytes()).await.status, 403);
    let token = "Authorization: Bearer sesame, open yourself\r\n";
    assert_eq!(post(at, path, "{\"limit\": 1}", token).await.status, 200);
    assert_eq!(post(at, path, "{\"stage\": \"eaten\"}", token).await.status, 400);
    assert_eq!(post(at, "/api/pipelines/q/tap", "{}", token).await.status, 404);
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_shows_them_for_people_and_for_programs() {
    let running = Running::start(PARTLY_BROKEN).await;
    let at = running.address;
    until(at, "/api/pipelines/p", |answer| answer.json()["batches"].as_u64() > Some(2)).await;
    let tap = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forebay"));
        command.args(["tap", "p", "--limit", "3", "--admin", &format!("http://{at}")]).args(more);
        let output = tokio::task::spawn_blocking(move || command.output());
        async move { output.await.unwrap().unwrap() }
    };
    let output = tap(&["--json", "--stage", "dead-letter"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), samples(&text).len()), (Some(0), 3), "{text}");
    let output = tap(&[]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("shop ") && text.contains(", batch ") && text.contains("id="), "{text}");
    running.end().await;

    let output = tap(&[]).await;
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("no gateway answers") && text.contains("help: "), "{text}");
}
