//! `forebay dead-letters`.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::shell::{binary, forebay, lines_below, text};

/// Records that a source of files decodes with this schema.
const RECORDS: &str = "{\"id\":1,\"size\":\"7\"}\n{\"id\":2,\"size\":\"many\"}\n{\"id\":3,\n";
const STRICT: &str = "{ id = \"bigint\", size = \"int\" }";
const MENDED: &str = "{ id = \"bigint\", size = \"text\" }";

struct Place {
    _folder: TempDir,
    config: PathBuf,
    out: PathBuf,
    letters: PathBuf,
}

/// A pipeline that was run with a schema that does not fit all of its records.
fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    std::fs::create_dir(&input).unwrap();
    std::fs::write(input.join("a.json"), RECORDS).unwrap();
    let place = Place {
        config: folder.path().join("a.toml"),
        out: folder.path().join("out"),
        letters: folder.path().join("c/p/dead-letters"),
        _folder: folder,
    };
    configure(&place.config, STRICT);
    binary(&["run", text(&place.config), "--available-now"]);
    place
}

fn configure(path: &Path, schema: &str) {
    let content = format!(
        "[gateway]\ncheckpoints = \"c\"\nlisten = \"off\"\n[sources.in]\ntype = \"files\"\n\
         path = \"in\"\nsettle = \"0s\"\nformat = \"json\"\nschema = {schema}\n[sinks.out]\n\
         type = \"files\"\npath = \"out\"\n[pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\n\
         interval = \"20ms\"\n"
    );
    std::fs::write(path, content).unwrap();
}

fn shown(place: &Path, more: &[&str]) -> Vec<Value> {
    let arguments = [&["dead-letters", "show", text(place), "--json"], more].concat();
    let (code, out, err) = forebay(&arguments);
    assert_eq!((code, err.as_str()), (0, ""));
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn letters_are_shown_with_their_reason_and_their_bytes() {
    let place = place();
    let (code, out, err) = forebay(&["dead-letters", "show", text(&place.config)]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out.lines().count(), 3, "{out}");
    assert!(out.starts_with("TIME") && out.contains("{\"id\":2,\"size\":\"many\"}"), "{out}");
    let root = place.letters.parent().unwrap().parent().unwrap();
    for folder in [&place.letters, place.letters.parent().unwrap(), root] {
        let letters = shown(folder, &[]);
        assert_eq!(letters.len(), 2);
        assert_eq!(letters[0]["text"], "{\"id\":2,\"size\":\"many\"}");
        assert_eq!(
            (&letters[0]["class"], &letters[1]["class"]),
            (&"type".into(), &"syntax".into())
        );
    }
    assert_eq!(shown(&place.letters, &["--limit", "1"]).len(), 1);
    assert!(shown(&place.letters, &["--pipeline", "q"]).is_empty());
    let (code, _, err) = forebay(&["dead-letters", "show", text(&place.config), "--pipeline", "q"]);
    assert_eq!(code, 2, "{err}");
    let (code, out, _) = forebay(&["dead-letters", "show", text(&place.letters), "--limit", "1"]);
    assert_eq!(code, 0);
    assert!(out.contains("... and 1 more"), "{out}");
}

#[test]
fn a_mended_schema_lets_letters_through_and_the_others_fail_again() {
    let place = place();
    assert_eq!(lines_below(&place.out, ".jsonl").len(), 1);
    configure(&place.config, MENDED);
    let replay = ["dead-letters", "replay", text(&place.config)];
    let (code, out, _) = forebay(&[&replay[..], &["--dry-run"]].concat());
    assert_eq!(code, 0);
    assert!(out.starts_with("2 letters would be replayed\n"), "{out}");
    assert_eq!(shown(&place.letters, &[]).len(), 2, "nothing was touched");
    assert!(!place.letters.parent().unwrap().join("replay").exists(), "nothing was written");

    let (code, out, err) = forebay(&replay);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.ends_with("2 sent, 1 dead letters again\n"), "{out}");
    let rows = lines_below(&place.out, ".jsonl");
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.contains(&"{\"id\":2,\"size\":\"many\"}".to_owned()), "{rows:?}");

    let again = shown(&place.letters, &[]);
    assert_eq!(again.len(), 1, "{again:?}");
    assert_eq!((&again[0]["class"], &again[0]["attempts"]), (&"syntax".into(), &2.into()));
    let split = again[0]["split"].as_str().unwrap();
    assert!(split.contains("a.json") && !split.contains("jsonl"), "the first origin: {split}");
    assert_eq!(lines_below(&place.letters.join("replayed"), ".jsonl").len(), 2);
    assert!(!place.letters.join("replaying").exists());

    let (code, out, _) = forebay(&replay);
    assert_eq!(code, 0, "{out}");
    assert_eq!(shown(&place.letters, &[])[0]["attempts"], 3);
    assert_eq!(lines_below(&place.out, ".jsonl").len(), 2, "what was replayed is not sent again");
}

#[test]
fn a_class_is_replayed_alone_and_nothing_to_do_is_said() {
    let place = place();
    configure(&place.config, MENDED);
    let replay = ["dead-letters", "replay", text(&place.config), "--pipeline", "p"];
    let (code, out, _) = forebay(&[&replay[..], &["--class", "type"]].concat());
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("1 stay where they are") && out.contains("1 sent, 0 dead"), "{out}");
    assert_eq!(shown(&place.letters, &[]).len(), 1);
    let (code, out, _) = forebay(&[&replay[..], &["--class", "nothing"]].concat());
    assert_eq!(code, 0);
    assert!(out.starts_with("0 letters are replayed\n"), "{out}");
    let (code, _, err) =
        forebay(&["dead-letters", "replay", text(&place.config), "--pipeline", "q"]);
    assert_eq!(code, 2);
    assert!(err.contains("no pipeline `q`"), "{err}");
}

/// A crash after letters were taken, before they were sent: the next replay sends them.
#[test]
fn letters_that_an_earlier_replay_left_are_sent() {
    let place = place();
    configure(&place.config, MENDED);
    let run = place.letters.join("replaying/earlier/in");
    std::fs::create_dir_all(&run).unwrap();
    for entry in std::fs::read_dir(&place.letters).unwrap() {
        let path = entry.unwrap().path();
        if text(&path).ends_with(".jsonl") {
            std::fs::rename(&path, run.join(path.file_name().unwrap())).unwrap();
        }
    }
    let (code, out, err) = forebay(&["dead-letters", "replay", text(&place.config)]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.starts_with("0 letters are replayed\n") && out.contains("2 sent"), "{out}");
    assert_eq!(lines_below(&place.out, ".jsonl").len(), 2);

    let orphan = place.letters.join("replaying/other/gone");
    std::fs::create_dir_all(&orphan).unwrap();
    std::fs::write(orphan.join("b.jsonl"), "{}\n").unwrap();
    let (code, _, err) = forebay(&["dead-letters", "replay", text(&place.config)]);
    assert_eq!(code, 1);
    assert!(err.contains("other/gone") && err.contains("put the source back"), "{err}");
}

#[test]
fn a_broken_line_is_named_and_a_sink_of_their_own_needs_its_folder() {
    let place = place();
    std::fs::write(place.letters.join("z.jsonl"), "{\"pipeline\":\"p\"}\n").unwrap();
    let (code, out, err) = forebay(&["dead-letters", "show", text(&place.letters)]);
    assert_eq!(code, 1);
    assert!(err.contains("z.jsonl`, line 1") && out.lines().count() == 3, "{out}{err}");
    let (code, _, err) = forebay(&["dead-letters", "replay", text(&place.config)]);
    assert_eq!(code, 1);
    assert!(err.contains("z.jsonl`, line 1") && err.contains("nothing was replayed"), "{err}");

    let own = std::fs::read_to_string(&place.config).unwrap()
        + "dead_letters = \"letters\"\n[sinks.letters]\ntype = \"files\"\npath = \"letters\"\n";
    std::fs::write(&place.config, own).unwrap();
    let (code, _, err) = forebay(&["dead-letters", "replay", text(&place.config)]);
    assert_eq!(code, 2);
    assert!(err.contains("--letters DIR"), "{err}");
}

/// From a generator whose records are cut off, with a decoder that wants no JSON any more.
#[test]
fn what_was_no_json_can_be_taken_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("a.toml");
    let configure = |format: &str| {
        let content = format!(
            "[gateway]\ncheckpoints = \"c\"\nlisten = \"off\"\n[sources.in]\n\
             type = \"generator\"\nas = \"json\"\nbroken_ratio = 0.1\nunlimited = true\n\
             count = 1000\n{format}\n[sinks.out]\ntype = \"files\"\npath = \"out\"\n\
             [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"20ms\"\n"
        );
        std::fs::write(&config, content).unwrap();
    };
    configure("format = \"json\"\nschema = { id = \"bigint\" }");
    binary(&["run", text(&config)]);
    let letters = shown(&config, &["--limit", "10000"]).len();
    let rows = lines_below(&folder.path().join("out"), ".jsonl").len();
    assert_eq!(rows + letters, 1000);
    assert!(letters > 20, "{letters}");
    configure("format = \"text\"");
    let (code, out, err) = forebay(&["dead-letters", "replay", text(&config)]);
    assert_eq!(code, 0, "{err}");
    assert!(out.ends_with(&format!("{letters} sent, 0 dead letters again\n")), "{out}");
    assert_eq!(lines_below(&folder.path().join("out"), ".jsonl").len(), 1000);
    assert!(shown(&config, &[]).is_empty());
}
