//! Dead letters.

use serde_json::json;

use crate::client::{get, until};
use crate::running::{BROKEN, Running};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_dead_letters_are_shown_with_their_records_as_text() {
    let text = format!("{BROKEN}[pipelines.p]\nfrom = [\"orders\"]\nto = [\"last\"]\n");
    let mut running = Running::start(&text).await;
    let is_done = |answer: &crate::client::Answer| answer.json()["records"].as_u64() == Some(200);
    let told = until(running.address, "/api/pipelines/p", is_done).await.json();
    let count = told["dead_letters"].as_u64().unwrap();
    assert!((1..200).contains(&count), "{told}");
    // Their file is whole at the latest when the pipeline has stopped.
    running.drain().await;
    let path = "/api/pipelines/p/dead-letters?limit=500";
    let answer = get(running.address, path).await.json();
    assert_eq!((&answer["since_start"], &answer["complete"]), (&json!(count), &json!(true)));
    let letters = answer["letters"].as_array().unwrap();
    assert_eq!(letters.len() as u64, count, "{answer}");
    for letter in letters {
        assert_eq!((&letter["stage"], &letter["source"]), (&json!("decode"), &json!("orders")));
        assert!(letter["text"].as_str().is_some_and(|text| text.starts_with('{')), "{letter}");
    }
    let two = get(running.address, "/api/pipelines/p/dead-letters?limit=2").await.json();
    assert_eq!(two["letters"].as_array().unwrap(), &letters[..2]);
    running.end_admin().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_for_dead_letters_is_named_and_can_be_looked_at() {
    let text = format!(
        "{BROKEN}[sinks.lost]\ntype = \"memory\"\nrows = 3\n\
         [pipelines.p]\nfrom = [\"orders\"]\nto = [\"last\"]\ndead_letters = \"lost\"\n"
    );
    let mut running = Running::start(&text).await;
    let is_done = |answer: &crate::client::Answer| answer.json()["records"].as_u64() == Some(200);
    until(running.address, "/api/pipelines/p", is_done).await;
    running.drain().await;
    let answer = get(running.address, "/api/pipelines/p/dead-letters").await.json();
    assert_eq!(answer["kept_in"], "the sink `lost`");
    let parts = get(running.address, "/api/pipelines/p/components").await.json();
    let part = &parts["components"][2];
    assert_eq!((&part["role"], &part["type"]), (&json!("dead_letters"), &json!("memory")));
    assert_eq!(part["state"]["rows"].as_array().unwrap().len(), 3, "{part}");
    running.end_admin().await;
}
