//! All mistakes of a file are reported in one run, as a compiler reports them.

use std::path::Path;

use forebay::config::{Style, load};

use crate::components::{environment, registry};

#[test]
fn ten_mistakes_are_reported_at_once() {
    let loaded = load(&["tests/configuration/ten.toml".into()], &registry(), &environment);
    assert!(loaded.config.is_none());
    let text = loaded.findings.render(Style::Plain);
    let path = Path::new("tests/configuration/ten.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(path).unwrap());
    assert_eq!(loaded.findings.errors(), 10);
}

#[test]
fn the_same_as_json_lines() {
    let loaded = load(&["tests/configuration/ten.toml".into()], &registry(), &environment);
    let lines = loaded.findings.json_lines();
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(
        first,
        serde_json::json!({
            "severity": "error",
            "code": "format",
            "file": "tests/configuration/ten.toml",
            "line": 3,
            "column": 10,
            "end_line": 3,
            "end_column": 17,
            "path": "gateway.memory",
            "message": first["message"],
            "help": null,
        })
    );
    assert_eq!(lines.lines().count(), loaded.findings.list().len());
}
