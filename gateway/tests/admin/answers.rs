//! Health, and what the pipelines are doing.

use serde_json::{Value, json};

use crate::client::{get, until};
use crate::running::{GENERATOR_TO_MEMORY, Running};

fn has_batches(answer: &crate::client::Answer, least: u64) -> bool {
    answer.json()["batches"].as_u64().is_some_and(|batches| batches >= least)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_is_shown_from_all_sides() {
    let running = Running::start(GENERATOR_TO_MEMORY).await;
    let at = running.address;
    assert_eq!(get(at, "/livez").await.body, "ok\n");
    let ready = until(at, "/readyz", |answer| answer.status == 200).await.json();
    assert_eq!(ready, json!({ "ready": true, "not_ready": [] }));

    let one = until(at, "/api/pipelines/p", |answer| has_batches(answer, 5)).await.json();
    assert_eq!((&one["name"], &one["state"]), (&json!("p"), &json!("running")));
    assert_eq!(one["sources"], json!([{ "name": "orders", "type": "generator" }]));
    assert_eq!(one["sinks"], json!([{ "name": "last", "type": "memory" }]));
    assert!(one["records"].as_u64() > Some(0) && one["records_per_second"].as_f64() > Some(0.0));
    assert!(one["last"]["splits"].as_array().is_some_and(|splits| !splits.is_empty()), "{one}");

    let all = get(at, "/api/pipelines").await.json();
    assert_eq!(all["pipelines"][0]["name"], "p");
    assert_eq!(all["pipelines"][0]["last"]["splits"], json!([]));

    let batches = get(at, "/api/pipelines/p/batches?limit=3").await.json();
    let ids: Vec<u64> =
        batches["batches"].as_array().unwrap().iter().filter_map(|b| b["batch"].as_u64()).collect();
    assert!(ids.len() == 3 && ids[0] == ids[1] + 1 && ids[1] == ids[2] + 1, "{ids:?}");

    let splits = get(at, "/api/pipelines/p/splits").await.json();
    let splits = splits["splits"].as_array().unwrap();
    let lags: Vec<Option<u64>> = splits.iter().map(|split| split["lag"].as_u64()).collect();
    assert_eq!(lags.len(), 3);
    assert!(lags.is_sorted_by(|left, right| left >= right), "{lags:?}");

    let parts = get(at, "/api/pipelines/p/components").await.json();
    let parts = parts["components"].as_array().unwrap();
    let named: Vec<[&Value; 2]> = parts.iter().map(|part| [&part["role"], &part["name"]]).collect();
    let expected = [["source", "orders"], ["sink", "last"], ["dead_letters", "dead-letters"]];
    assert_eq!(json!(named), json!(expected));
    assert_eq!(parts[1]["state"]["rows"].as_array().unwrap().len(), 5, "{parts:?}");
    assert!(parts[1]["state"]["rows"][0]["id"].is_number(), "{parts:?}");

    let version = get(at, "/api/version").await.json();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_whose_sink_cannot_go_on_is_not_ready_and_says_why() {
    let text = r#"
[sources.orders]
type = "generator"
[sinks.kept]
type = "files"
path = "taken"
format = "json"
[pipelines.p]
from = ["orders"]
to = ["kept"]
interval = "20ms"
"#;
    // Where the folder should be, there is a file.
    let in_the_way = |folder: &std::path::Path| std::fs::write(folder.join("taken"), "").unwrap();
    let running = Running::start_with(text, in_the_way).await;
    let is_told =
        |answer: &crate::client::Answer| answer.status == 503 && !answer.body.contains("starting");
    let answer = until(running.address, "/readyz", is_told).await.json();
    let told = &answer["not_ready"][0];
    assert_eq!((&told["pipeline"], &told["state"]), (&json!("p"), &json!("waiting")), "{told}");
    assert_eq!(told["component"], "kept");
    assert!(told["reason"].as_str().is_some_and(|reason| reason.contains("taken")), "{told}");
    assert_eq!(get(running.address, "/livez").await.status, 200);

    std::fs::remove_file(running.folder.path().join("taken")).unwrap();
    until(running.address, "/readyz", |answer| answer.status == 200).await;
    running.end().await;
}

#[tokio::test]
async fn what_is_not_there_is_answered_with_what_to_do() {
    let running = Running::start(GENERATOR_TO_MEMORY).await;
    let at = running.address;
    for path in ["/nothing", "/api/pipelines/q", "/api/pipelines/q/splits", "/api/pipelines/p/x"] {
        let answer = get(at, path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.json()["help"].as_str().is_some_and(|help| !help.is_empty()), "{path}");
    }
    for path in ["/api/pipelines/p/batches?limit=x", "/api/pipelines/p/dead-letters?limit=-1"] {
        assert_eq!(get(at, path).await.status, 400, "{path}");
    }
    for path in ["/api/pipelines/%ff", "/api/pipelines/p/batches?limit=99999999999999999999999"] {
        assert_eq!(get(at, path).await.status, 400, "{path}");
    }
    running.end().await;
}

#[tokio::test]
async fn the_page_and_what_it_needs_are_served() {
    let running = Running::start(GENERATOR_TO_MEMORY).await;
    let at = running.address;
    let page = get(at, "/").await;
    assert!(page.head.contains("content-type: text/html"), "{}", page.head);
    for part in ["/assets/page.css", "/assets/main.js", "/assets/uplot.js", "/assets/icon.svg"] {
        assert!(page.body.contains(&format!("\"{part}\"")), "{part}");
        assert_eq!(get(at, part).await.status, 200);
    }
    assert_eq!(get(at, "/assets/../Cargo.toml").await.status, 404);
    assert_eq!(get(at, "/assets/none.js").await.status, 404);
    let links = page.body.split("href=\"/").skip(1).filter_map(|rest| rest.split('"').next());
    for link in links {
        assert!([200, 503].contains(&get(at, &format!("/{link}")).await.status), "{link}");
    }
    assert!(!page.body.contains("http://") && !page.body.contains("https://"));
    running.end().await;
}
