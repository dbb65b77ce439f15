//! Configuration files, from the text to the findings as a person sees them.

use std::cell::RefCell;

use forebay::Registry;
use forebay::config::{Style, load};

use crate::scratch::Scratch;

thread_local! {
    static PLACE: RefCell<(Scratch, Registry)> =
        RefCell::new((Scratch::new(), Registry::default()));
}

pub(super) fn run(data: &[u8]) {
    PLACE.with_borrow(|(scratch, registry)| {
        let path = scratch.write("a.toml", data);
        let environment = |name: &str| (name == "HOME").then(|| "/home".to_owned());
        let loaded = load(&[path], registry, &environment);
        assert_eq!(loaded.config.is_some(), loaded.findings.errors() == 0);
        for style in [Style::Plain, Style::Graphical] {
            assert!(loaded.findings.list().is_empty() || !loaded.findings.render(style).is_empty());
        }
        assert_eq!(loaded.findings.json_lines().lines().count(), loaded.findings.list().len());
    });
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    [
        r#"[gateway]
checkpoints = "file:///tmp/x"
listen = "127.0.0.1:0"

[sources.orders]
type = "generator"
rows_per_second = 100

[sinks.out]
type = "files"
path = "${HOME}/out"
format = "json"

[pipelines.orders]
from = ["orders"]
to = ["out"]
interval = "500ms"
backpressure = { estimator = "pid", minimum = 10 }
"#,
        r#"[sources.lines]
type = "socket"
listen = "tcp://127.0.0.1:0"
format = "json"
schema = { id = "bigint!", tags = ["text"], p = { a = "int" } }
journal = { fsync = "interval" }
[sources.web]
type = "http"
listen = "127.0.0.1:0"
auth = { bearer = "${TOKEN:-x}" }
[sinks.screen]
type = "console"
[pipelines.a]
from = ["lines", "web", "linse"]
to = ["screen"]
trigger = "once"
"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
