//! `forebay schema infer`.

use crate::shell::{forebay, text};

#[test]
fn a_schema_is_printed_to_paste() {
    let folder = tempfile::tempdir().unwrap();
    let sample = folder.path().join("people.jsonl");
    std::fs::write(&sample, "{\"id\":1,\"name\":\"anna\"}\n{\"id\":2,\"name\":null}\n").unwrap();
    let (code, out, err) = forebay(&["schema", "infer", text(&sample)]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, "format = \"json\"\nschema = { id = \"bigint\", name = \"text\" }\n");
    // What comes out passes the check where it is pasted.
    let config = folder.path().join("a.toml");
    let source = format!("[sources.in]\ntype = \"files\"\npath = \"in\"\n{out}");
    let rest =
        "[sinks.out]\ntype = \"blackhole\"\n[pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\n";
    std::fs::write(&config, format!("{source}{rest}")).unwrap();
    let (code, out, _) = forebay(&["check", text(&config)]);
    assert_eq!(code, 0, "{out}");
    let (_, out, _) = forebay(&["schema", "infer", text(&sample), "--json"]);
    assert_eq!(out, "{\"id\":\"bigint\",\"name\":\"text\"}\n");
}

#[test]
fn csv_is_told_by_its_ending_or_named() {
    let folder = tempfile::tempdir().unwrap();
    let sample = folder.path().join("a.data");
    std::fs::write(&sample, "id;price\n1;2.5\n2;3.5\n").unwrap();
    let (code, _, err) = forebay(&["schema", "infer", text(&sample)]);
    assert_eq!(code, 2);
    assert!(err.contains("--format"), "{err}");
    let arguments = ["schema", "infer", text(&sample), "--format", "csv", "--delimiter", ";"];
    let (code, out, err) = forebay(&arguments);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, "format = \"csv\"\nschema = { id = \"bigint\", price = \"double\" }\n");
}

#[test]
fn what_cannot_be_told_ends_with_1_and_why() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content, expected) in [
        ("empty.json", "", "no whole record"),
        ("broken.json", "{\"a\":1}\n{\"a\":\n", "record 2"),
        ("not.parquet", "nothing of the kind", "not.parquet"),
    ] {
        let sample = folder.path().join(name);
        std::fs::write(&sample, content).unwrap();
        let (code, out, err) = forebay(&["schema", "infer", text(&sample)]);
        assert_eq!((code, out.as_str()), (1, ""), "{name}");
        assert!(err.contains(expected) && err.contains("help:"), "{err}");
    }
    let (code, _, err) = forebay(&["schema", "infer", text(&folder.path().join("no.csv"))]);
    assert_eq!(code, 1, "{err}");
}
