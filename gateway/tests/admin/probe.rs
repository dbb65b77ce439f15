//! `forebay probe` of what needs no server.

use std::net::TcpListener;
use std::path::Path;

use forebay::{Cli, Registry};
use serde_json::Value;

/// Runs a probe: how it ended, and the lines that it wrote.
fn probe(folder: &Path, text: &str) -> (u8, Vec<Value>) {
    let path = folder.join("forebay.toml");
    std::fs::write(&path, text).unwrap();
    let arguments = ["forebay", "probe", "--json", path.to_str().unwrap()].map(Into::into);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = Cli::execute(arguments, &Registry::default(), false, &mut out, &mut err);
    let out = String::from_utf8(out).unwrap();
    assert!(err.is_empty(), "{}", String::from_utf8_lossy(&err));
    (exit.code(), out.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// The steps of a component: `name outcome`.
fn steps<'a>(lines: &'a [Value], component: &str) -> Vec<(&'a str, bool)> {
    let own = lines.iter().filter(|line| line["component"] == component);
    own.map(|line| (line["name"].as_str().unwrap(), line["outcome"] == "well")).collect()
}

const CONFIG: &str = r#"
[gateway]
listen = "127.0.0.1:0"
checkpoints = "data"

[sources.drop]
type = "files"
path = "in"

[sources.door]
type = "http"
listen = "127.0.0.1:HTTP"

[sources.line]
type = "socket"
listen = "tcp://127.0.0.1:0"

[sources.shop]
type = "generator"

[sinks.lake]
type = "files"
path = "LAKE"

[sinks.seen]
type = "memory"

[sinks.nothing]
type = "blackhole"

[sinks.shown]
type = "console"

[pipelines.p]
from = ["drop", "door", "line", "shop"]
to = ["lake", "seen", "nothing", "shown"]
"#;

#[test]
fn what_is_well_is_told_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    std::fs::write(folder.path().join("in/a.txt"), "one\n").unwrap();
    let text = CONFIG.replace("HTTP", "0").replace("LAKE", "lake/deep");
    let (code, lines) = probe(folder.path(), &text);
    assert_eq!(code, 0, "{lines:?}");
    for (component, expected) in [
        ("gateway.checkpoints", &["write"][..]),
        ("gateway.listen", &["listen"]),
        ("sources.drop", &["folder", "files", "read"]),
        ("sources.door", &["listen"]),
        ("sources.line", &["listen"]),
        ("sources.shop", &["opened"]),
        ("sinks.lake", &["folder"]),
        ("sinks.seen", &["opened"]),
        ("sinks.nothing", &["opened"]),
        ("sinks.shown", &["opened"]),
    ] {
        let told: Vec<&str> = steps(&lines, component).iter().map(|(name, _)| *name).collect();
        assert_eq!(told, expected, "{component}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().collect();
    assert_eq!(left.len(), 2, "{left:?}");

    // Where the folder is there, a file is written and gone again.
    std::fs::create_dir_all(folder.path().join("lake/deep")).unwrap();
    let (code, lines) = probe(folder.path(), &text);
    assert_eq!(code, 0, "{lines:?}");
    assert_eq!(steps(&lines, "sinks.lake"), [("folder", true), ("write", true)]);
    assert_eq!(std::fs::read_dir(folder.path().join("lake/deep")).unwrap().count(), 0);
}

#[test]
fn the_first_step_that_fails_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    std::fs::write(folder.path().join("lake"), "in the way").unwrap();
    let text = CONFIG.replace("HTTP", &port).replace("LAKE", "lake");
    let (code, lines) = probe(folder.path(), &text);
    assert_eq!(code, 1, "{lines:?}");
    assert_eq!(steps(&lines, "sources.drop"), [("folder", false)]);
    assert_eq!(steps(&lines, "sources.door"), [("listen", false)]);
    assert_eq!(steps(&lines, "sinks.lake"), [("folder", false)]);
    for line in lines.iter().filter(|line| line["outcome"] == "failed") {
        assert!(line["help"].as_str().is_some_and(|help| !help.is_empty()), "{line}");
    }
}
