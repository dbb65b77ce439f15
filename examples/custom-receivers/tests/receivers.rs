//! What a connector of one's own should be tested for: the conformance of all receivers, and that
//! the binary has it.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use forebay::core::component::{BuildContext, Component, Input, SourceComponent};
use forebay::core::receiver::{Receiver, ReceiverError};
use forebay_core::testing::intake;
use forebay_core::testing::receiver::check;
use forebay_example_receivers::{Gauge, Spool};
use serde_json::json;
use tempfile::tempdir;
use tokio_util::sync::CancellationToken;

fn build<C: SourceComponent>(options: serde_json::Value) -> Box<dyn Receiver> {
    let config: C::Config = serde_json::from_value(options).unwrap();
    assert_eq!(C::check(&config), []);
    let context = BuildContext {
        name: Arc::from("in"),
        pipeline: Arc::from("p"),
        base: PathBuf::new(),
        instance: Arc::from("i"),
    };
    match C::build(config, &context) {
        Ok(Input::Receiver(receiver)) => receiver,
        _ => unreachable!("it is a receiver"),
    }
}

/// Puts each record into a file of its own, and waits until all are gone: that is how this
/// receiver acknowledges.
async fn send(folder: PathBuf, records: Vec<Vec<u8>>) -> Result<(), String> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let mut files = Gone(Vec::new());
    for record in records {
        let name = format!("{:08}", NUMBER.fetch_add(1, Relaxed));
        let (hidden, path) = (folder.join(format!(".{name}")), folder.join(name));
        fs::write(&hidden, record).unwrap();
        fs::rename(hidden, &path).unwrap();
        files.0.push(path);
    }
    while files.0.iter().any(|path| path.exists()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// A client that is dropped leaves nothing behind.
struct Gone(Vec<PathBuf>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.iter().for_each(|path| drop(fs::remove_file(path)));
    }
}

#[tokio::test]
async fn the_reliable_one_conforms() {
    let folder = tempdir().unwrap();
    let path = folder.path().to_owned();
    let options = json!({ "folder": path, "every": "10ms", "max_bytes": 1024 });
    let client = |_, records| send(path.clone(), records);
    check(|| build::<Spool>(options.clone()), client, 3000).await.unwrap();
}

#[tokio::test]
async fn the_unreliable_one_stores_what_it_reads() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("gauge");
    fs::write(&path, "0.5").unwrap();
    let mut receiver = build::<Gauge>(json!({ "path": path, "every": "10ms" }));
    let (intake, mut caught) = intake();
    let stop = CancellationToken::new();
    let token = stop.clone();
    let running = tokio::spawn(async move { receiver.run(intake, token).await });
    assert_eq!(caught.values(2).await, [b"0.5", b"0.5"]);
    // While there is no room, there is no reading.
    caught.fill();
    caught.drain();
    fs::write(&path, "0.6").unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(caught.drain().len() <= 1, "one may have been under way");
    caught.make_room();
    let after = caught.values(3).await;
    assert_eq!(after.last().map(Vec::as_slice), Some(&b"0.6"[..]), "{after:?}");
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_is_missing_is_named_and_tried_again() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("missing");
    let spool = build::<Spool>(json!({ "folder": path, "every": "10ms" }));
    let gauge = build::<Gauge>(json!({ "path": path, "every": "10ms" }));
    for mut receiver in [spool, gauge] {
        let (intake, _caught) = intake();
        let error = receiver.run(intake, CancellationToken::new()).await.unwrap_err();
        let ReceiverError::Transient(text) = error else { panic!("{error}") };
        assert!(text.contains("missing"), "{text}");
    }
}

#[test]
fn mistakes_in_the_options_are_named() {
    let spool = json!({ "folder": "in", "every": "1ms", "max_bytes": 0 });
    let found = Spool::check(&serde_json::from_value(spool).unwrap());
    let paths: Vec<_> = found.iter().map(|problem| problem.path.join(".")).collect();
    assert_eq!(paths, ["every", "max_bytes"]);
}

#[tokio::test]
async fn probes_say_what_stands_in_the_way_and_take_nothing() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("in");
    let steps = async |options| {
        let probed = build::<Spool>(options).probe().await;
        let names: Vec<_> = probed.steps().iter().map(|step| step.name.to_string()).collect();
        (probed.is_well(), names)
    };
    let options = json!({ "folder": path });
    assert_eq!(steps(options.clone()).await, (false, vec!["folder".to_owned()]));
    fs::create_dir(&path).unwrap();
    fs::write(path.join("one"), "1").unwrap();
    let both = vec!["folder".to_owned(), "delete".to_owned()];
    assert_eq!(steps(options).await, (true, both));
    assert_eq!(fs::read_dir(&path).unwrap().count(), 1, "it is as it was");

    let probed = build::<Gauge>(json!({ "path": path.join("one") })).probe().await;
    assert!(probed.is_well(), "{probed:?}");
    assert!(!build::<Gauge>(json!({ "path": path.join("two") })).probe().await.is_well());
}

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_binary_has_them_with_all_that_the_engine_does() {
    let binary = Path::new(env!("CARGO_BIN_EXE_my-forebay"));
    let listed = Command::new(binary).arg("list").output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("spool") && listed.contains("gauge"), "{listed}");

    let root = tempdir().unwrap();
    let folder = root.path().join("examples/custom-receivers");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("my-forebay.toml");
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/my-forebay.toml")).unwrap();
    assert!(text.contains("127.0.0.1:8030"));
    fs::write(&file, text.replace("127.0.0.1:8030", "127.0.0.1:0")).unwrap();
    let data = root.path().join("data/my-forebay");
    fs::create_dir_all(data.join("in")).unwrap();
    fs::write(data.join("in/first.json"), "{\"text\": \"hello\"}").unwrap();

    let log = fs::File::create(root.path().join("log")).unwrap();
    let child = Command::new(binary)
        .arg("run")
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    let running = Running(child);
    let out = data.join("out");
    let hello = || {
        let files = fs::read_dir(&out).into_iter().flatten().flatten();
        let visible = files.filter(|file| !file.file_name().to_string_lossy().starts_with('.'));
        visible.map(|file| fs::read_to_string(file.path()).unwrap()).any(|it| it.contains("hello"))
    };
    until("the file that was put there", hello);
    assert!(!data.join("in/first.json").exists(), "it is taken");
    drop(running);
}

/// The tables of options in the README are those that the binary makes.
#[test]
fn the_readme_has_the_options() {
    let root = tempdir().unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_my-forebay"))
        .args(["docs", "--root"])
        .arg(root.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    for name in ["spool", "gauge"] {
        let page = root.path().join(format!("docs/reference/source-{name}.md"));
        let page = fs::read_to_string(page).unwrap();
        let table: Vec<&str> = page.lines().filter(|line| line.starts_with('|')).collect();
        let table = table.join("\n");
        assert!(table.contains("`format`") && readme.contains(&table), "{name}:\n{table}");
    }
}

/// What the tutorial shows is what is built here.
#[test]
fn the_tutorial_shows_this_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tutorial = fs::read_to_string(root.join("../../docs/custom-receiver.md")).unwrap();
    let files = ["src/main.rs", "src/gauge.rs", "src/spool.rs", "my-forebay.toml", "Cargo.toml"];
    let code: String =
        files.iter().map(|file| fs::read_to_string(root.join(file)).unwrap()).collect();
    let code: Vec<&str> = code.lines().map(str::trim).collect();
    let mut shown = 0;
    for block in tutorial.split("```rust\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        for line in
            block.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "// ...")
        {
            assert!(
                code.contains(&line),
                "the tutorial shows `{line}`, which is not in the example"
            );
            shown += 1;
        }
    }
    assert!(shown > 40, "{shown} lines");
}
