//! The sink keeps the contract of all sinks.

use std::fs;

use forebay_core::testing::sink::{Promise, check};
use tempfile::tempdir;

use crate::building::shell;

/// Keeps each row, and says so for each batch.
const PROGRAM: &str = "while IFS= read -r line; do \
    if [ -n \"$line\" ]; then printf '%s\\n' \"$line\" >>rows; else echo ok; fi; done";

#[tokio::test]
async fn the_sink_conforms() {
    let folder = tempdir().unwrap();
    let visible = || {
        let text = fs::read_to_string(folder.path().join("rows")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    };
    let build = || shell(folder.path(), PROGRAM, "");
    let summary = check(Promise::AtLeastOnce, build, visible).await.unwrap();
    assert!(summary.rows > 50 && summary.mixed_schemas, "{summary:?}");
}
