//! What can be changed while pipelines run.

use serde_json::{Value, json};

use crate::client::{Answer, get, post, until};
use crate::running::{BROKEN, GENERATOR_TO_MEMORY, Running};

fn is(key: &'static str, value: Value) -> impl Fn(&Answer) -> bool {
    move |answer| answer.json()[key] == value
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_is_paused_and_goes_on() {
    let running = Running::start(GENERATOR_TO_MEMORY).await;
    let at = running.address;
    until(at, "/api/pipelines/p", |answer| answer.json()["records"].as_u64() > Some(0)).await;
    let paused = post(at, "/api/pipelines/p/pause", "{}", "").await;
    assert_eq!((paused.status, &paused.json()["paused"]), (200, &json!(true)), "{paused:?}");
    let told = until(at, "/api/pipelines/p", is("state", json!("paused"))).await.json();
    assert_eq!(told["why"]["set_by"], "paused", "{told}");
    assert_eq!(get(at, "/readyz").await.status, 200);
    let resumed = post(at, "/api/pipelines/p/resume", "{}", "").await;
    assert_eq!(resumed.json()["paused"], json!(false));
    let records = told["records"].as_u64().unwrap();
    until(at, "/api/pipelines/p", |answer| answer.json()["records"].as_u64() > Some(records)).await;
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_is_set_holds_from_the_next_batch() {
    let running = Running::start(GENERATOR_TO_MEMORY).await;
    let at = running.address;
    let path = "/api/pipelines/p/limits";
    let set = post(at, path, r#"{"limit":"max_rate","value":50}"#, "").await;
    assert_eq!((set.status, &set.json()["max_rate"]), (200, &json!(50.0)), "{set:?}");
    let is_limited = |answer: &Answer| answer.json()["why"]["rate"] == json!(50.0);
    let told = until(at, "/api/pipelines/p", is_limited).await.json();
    assert!(told["why"]["sentence"].as_str().is_some_and(|it| !it.is_empty()), "{told}");
    let source = r#"{"source":"orders","limit":"max_rate_per_split","value":10}"#;
    let set = post(at, path, source, "").await.json();
    assert_eq!(set["sources"]["orders"]["max_rate_per_split"], 10.0, "{set}");
    assert_eq!(get(at, path).await.json(), set);
    let gone = post(at, path, r#"{"limit":"max_rate","value":null}"#, "").await.json();
    assert_eq!(gone["max_rate"], json!(null));
    for (body, status) in [
        ("", 400),
        ("[]", 400),
        (r#"{"limit":"max_rate","value":0}"#, 422),
        (r#"{"limit":"max_rate","value":1e999}"#, 400),
        (r#"{"limit":"everything","value":1}"#, 400),
        (r#"{"source":"none","limit":"max_rate","value":1}"#, 422),
    ] {
        let answer = post(at, path, body, "").await;
        assert_eq!(answer.status, status, "{body} {answer:?}");
        assert!(answer.json()["help"].is_string(), "{answer:?}");
    }
    assert_eq!(post(at, path, &format!("\"{}\"", "x".repeat(20_000)), "").await.status, 400);
    assert_eq!(post(at, "/api/pipelines/q/pause", "{}", "").await.status, 404);
    running.end().await;
}

#[tokio::test]
async fn a_page_of_another_origin_or_without_the_token_changes_nothing() {
    let token = "0123456789abcdef";
    let text = format!("[gateway]\nadmin_token = \"{token}\"\n{GENERATOR_TO_MEMORY}");
    let running = Running::start(&text).await;
    let at = running.address;
    let right = format!("Authorization: Bearer {token}\r\n");
    for (headers, status) in [
        (String::new(), 401),
        ("Authorization: Bearer 0123456789abcdeF\r\n".to_owned(), 401),
        (format!("{right}Origin: http://evil.example\r\n"), 403),
        (format!("{right}Sec-Fetch-Site: cross-site\r\n"), 403),
        (format!("{right}Origin: http://{at}\r\nSec-Fetch-Site: same-origin\r\n"), 200),
        (right, 200),
    ] {
        let answer = post(at, "/api/pipelines/p/resume", "{}", &headers).await;
        assert_eq!(answer.status, status, "{headers} {answer:?}");
    }
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_replayed() {
    let text = format!("{BROKEN}[pipelines.p]\nfrom = [\"orders\"]\nto = [\"last\"]\n");
    let mut running = Running::start(&text).await;
    let at = running.address;
    let told = until(at, "/api/pipelines/p", is("records", json!(200))).await.json();
    let letters = told["dead_letters"].as_u64().unwrap();
    // Their file is whole at the latest when the pipeline has stopped.
    running.drain().await;
    let begun = post(at, "/api/pipelines/p/replay", "{}", "").await;
    assert_eq!((begun.status, &begun.json()["replay"]["phase"]), (202, &json!("running")));
    let path = "/api/pipelines/p/dead-letters";
    let is_done = |answer: &Answer| answer.json()["replay"]["phase"] == json!("done");
    let replay = &until(at, path, is_done).await.json()["replay"];
    // They are as broken as they were.
    assert_eq!((&replay["sent"], &replay["again"]), (&json!(letters), &json!(letters)), "{replay}");
    let class = post(at, "/api/pipelines/p/replay", r#"{"class":"none"}"#, "").await;
    assert_eq!(class.status, 202, "{class:?}");
    until(at, path, |answer| answer.json()["replay"]["chosen"] == json!({})).await;
    running.end_admin().await;
}
