//! How a pipeline did over time, its batches and its splits.

use serde_json::{Value, json};

use crate::client::{Answer, get, until};
use crate::running::{GENERATOR_TO_MEMORY, Running};

fn sum(column: &Value) -> u64 {
    column.as_array().unwrap().iter().filter_map(Value::as_u64).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_columns_of_a_history_hold_every_batch() {
    let mut running = Running::start(GENERATOR_TO_MEMORY).await;
    let at = running.address;
    let has_some = |answer: &Answer| answer.json()["batches"].as_u64() >= Some(10);
    until(at, "/api/pipelines/p", has_some).await;
    running.drain().await;
    let whole = get(at, "/api/pipelines/p").await.json();
    for span in ["recent", "day"] {
        let path = format!("/api/pipelines/p/history?span={span}");
        let told = get(at, &path).await.json();
        let columns = told["columns"].as_object().unwrap();
        for key in ["batches", "records", "bytes", "rows", "dead_letters", "retries"] {
            assert_eq!(json!(sum(&columns[key])), whole[key], "{key} in {span}");
        }
        let steps = columns["time_ms"].as_array().unwrap();
        let even = |column: &Value| column.as_array().is_some_and(|it| it.len() == steps.len());
        assert!(columns.values().all(even), "{told}");
        let control = told["control"].as_object().unwrap();
        assert!(control.contains_key("integral") && control.values().all(even), "{told}");
        let last = steps.last().unwrap().as_u64().unwrap();
        let newer = get(at, &format!("{path}&since_ms={last}")).await.json();
        assert_eq!(newer["columns"]["time_ms"], json!([last]));
        assert_eq!(newer["states"].as_array().unwrap().last().unwrap()["state"], "stopped");
    }
    assert_eq!(get(at, "/api/pipelines/p/history?span=year").await.status, 400);
    running.end_admin().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_says_what_became_of_it() {
    let running = Running::start(GENERATOR_TO_MEMORY).await;
    let at = running.address;
    let path = "/api/pipelines/p/batches?brief=true&limit=5";
    let has_some =
        |answer: &Answer| answer.json()["batches"].as_array().is_some_and(|it| !it.is_empty());
    let brief = &until(at, path, has_some).await.json()["batches"][0];
    assert_eq!(brief["splits"], json!([]));
    let one = get(at, &format!("/api/pipelines/p/batches/{}", brief["batch"])).await.json();
    assert_eq!(one["records"], brief["records"]);
    assert_eq!(
        (&one["sinks"][0]["sink"], &one["sinks"][0]["retries"]),
        (&json!("last"), &json!(0))
    );
    assert!(one["control"]["terms"].as_array().is_some_and(|terms| terms.len() == 3), "{one}");
    assert!(!one["splits"].as_array().unwrap().is_empty());
    assert_eq!(get(at, "/api/pipelines/p/batches/999999999").await.status, 404);

    let parts = get(at, "/api/pipelines/p/components?name=last&brief=true").await.json();
    let parts = parts["components"].as_array().unwrap();
    assert_eq!((parts.len(), &parts[0]["state"]["rows"]), (1, &json!(null)));
    assert!(parts[0]["deliveries"]["write_ms"]["p99"].is_number(), "{parts:?}");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_splits_are_told_page_by_page() {
    let sources = (0..10).map(|number| format!("\"s{number}\"")).collect::<Vec<_>>().join(", ");
    let mut text =
        format!("[pipelines.p]\nfrom = [{sources}]\nto = [\"out\"]\ninterval = \"2s\"\n");
    text.push_str("[sinks.out]\ntype = \"blackhole\"\n");
    for number in 0..10 {
        text.push_str(&format!(
            "[sources.s{number}]\ntype = \"generator\"\nsplits = 1000\nunlimited = true\ncount = 20000\n"
        ));
    }
    let running = Running::start(&text).await;
    let at = running.address;
    let has_all = |answer: &Answer| answer.json()["records"].as_u64() == Some(200_000);
    until(at, "/api/pipelines/p", has_all).await;
    let page = get(at, "/api/pipelines/p/splits?order=name&offset=9990&limit=50").await.json();
    assert_eq!((&page["known"], &page["found"]), (&json!(10_000), &json!(10_000)), "{page}");
    assert_eq!(page["splits"].as_array().unwrap().len(), 10);
    let found = get(at, "/api/pipelines/p/splits?find=s7&limit=3").await.json();
    assert_eq!((&found["found"], found["splits"].as_array().unwrap().len()), (&json!(1_000), 3));
    let last = get(at, "/api/pipelines/p/batches?limit=1").await.json();
    assert!(last["batches"][0]["splits"].as_array().is_some_and(|it| it.len() <= 256));
    assert_eq!(get(at, "/api/pipelines/p/splits?order=colour").await.status, 400);
    running.end().await;
}
