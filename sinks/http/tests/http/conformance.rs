//! The sink keeps the contract of all sinks.

use forebay_core::testing::sink::{Promise, check};
use serde_json::json;

use crate::server::{Server, taken};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sink_conforms() {
    for form in ["lines", "array"] {
        let server = Server::start(taken).await;
        let build = || server.sink(json!({ "form": form, "max_rows": 7 }));
        let visible = || {
            let rows = server.requests().into_iter().flat_map(|request| request.rows);
            rows.map(|row| row["text"].as_str().unwrap_or_default().to_owned()).collect()
        };
        let summary = check(Promise::AtLeastOnce, build, visible).await.unwrap();
        assert!(summary.rows > 50 && summary.mixed_schemas, "{summary:?}");
    }
}
