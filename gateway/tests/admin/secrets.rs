//! No answer shows a secret.

use serde_json::json;

use crate::client::get;
use crate::running::Running;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_shows_a_secret() {
    let text = r#"
[gateway]
memory = "64MiB"
admin_token = "hunter2-hunter2-four"

[sources.in]
type = "http"
listen = "127.0.0.1:0"
auth = { type = "basic", users = { ann = "hunter2-one", bob = { file = "bob.txt" } } }

[sources.other]
type = "http"
listen = "127.0.0.1:0"
auth = { type = "bearer", tokens = ["hunter2-three"] }

[sinks.last]
type = "memory"

[pipelines.p]
from = ["in", "other"]
to = ["last"]
"#;
    let running = Running::start_with(text, |folder| {
        std::fs::write(folder.join("bob.txt"), "hunter2-two\n").unwrap();
    })
    .await;
    let config = get(running.address, "/api/config").await.json();
    let source = &config["sources"]["in"];
    assert_eq!((&source["type"], &config["gateway"]["memory"]), (&json!("http"), &json!("64MiB")));
    assert_eq!(source["auth"]["users"], json!({ "ann": "[secret]", "bob": "[secret]" }));
    assert_eq!(config["sources"]["other"]["auth"]["tokens"], json!(["[secret]"]));
    assert_eq!(config["gateway"]["admin_token"], "[secret]");
    // Defaults are filled in, of all that runs.
    assert_eq!(source["journal"]["durability"], "journal");
    assert_eq!(config["sinks"]["last"]["rows"], 1000);
    assert_eq!(config["sinks"]["last"]["retry"]["max"], "5s");
    assert_eq!(config["pipelines"]["p"]["interval"], "500ms");

    for path in [
        "/",
        "/readyz",
        "/metrics",
        "/api/config",
        "/api/version",
        "/api/pipelines",
        "/api/pipelines/p",
        "/api/pipelines/p/batches",
        "/api/pipelines/p/splits",
        "/api/pipelines/p/components",
        "/api/pipelines/p/dead-letters",
        "/api/pipelines/p/history",
        "/api/pipelines/p/limits",
    ] {
        let answer = get(running.address, path).await;
        assert!(!answer.body.contains("hunter2"), "{path}: {}", answer.body);
    }
    running.end().await;
}
