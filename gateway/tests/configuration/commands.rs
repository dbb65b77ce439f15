//! The commands.

use forebay::Registry;
use forebay::registry::Entry;

use crate::components::{GOOD, forebay, load_text, registry, short};

#[test]
fn check_ends_with_2_on_errors_and_0_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.toml");
    let path = path.to_str().unwrap();
    std::fs::write(path, GOOD).unwrap();
    let (code, out, err) = forebay(&["check", path], &registry());
    assert_eq!((code, out.as_str(), err.as_str()), (0, "ok: p: in -> out\n", ""));

    std::fs::write(path, GOOD.replacen("queue", "queu", 1)).unwrap();
    let (code, out, _) = forebay(&["check", path], &registry());
    assert_eq!(code, 2);
    assert!(out.contains(":3:8]") && out.ends_with("1 error\n"), "{out}");
    assert!(!out.contains('\u{1b}'), "no colours where nobody looks");

    let (code, out, _) = forebay(&["check", "--json", path], &registry());
    assert_eq!((code, out.lines().count()), (2, 1));

    let (code, out, _) = forebay(&["--color", "always", "check", path], &registry());
    assert_eq!(code, 2);
    assert!(out.contains('\u{1b}'));
}

#[test]
fn a_wrong_command_line_ends_with_2_and_help_with_0() {
    for (arguments, expected) in [
        (&["chekc"][..], 2),
        (&["check"], 2),
        (&["new", "queue"], 2),
        (&["new", "queu", "folder"], 2),
        (&["new", "queue", "cassandra"], 2),
        (&["list", "nothing"], 2),
        (&["--help"], 0),
        (&["help", "check"], 0),
        (&["--version"], 0),
    ] {
        let (code, out, err) = forebay(arguments, &registry());
        assert_eq!(code, expected, "{arguments:?} {out} {err}");
        assert!(if code == 0 { err.is_empty() } else { !err.is_empty() }, "{arguments:?}");
    }
}

#[test]
fn list_shows_types_and_options() {
    let (code, out, _) = forebay(&["list"], &registry());
    assert_eq!(code, 0);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines,
        [
            "KIND      TYPE      OPTIONS  WHAT IT DOES",
            "receiver  listener  1        Listens",
            "source    queue     14       Reads a queue",
            "sink      folder    5        Writes a folder",
        ]
    );
    let (_, out, _) = forebay(&["list", "queue"], &registry());
    for part in ["brokers", "(required)", "max_rate_per_split", "[format = \"csv\"]", "tls.ca"] {
        assert!(out.contains(part), "{part}\n{out}");
    }
    let (_, out, _) = forebay(&["list", "folder", "--json"], &registry());
    for line in out.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["type"], "folder");
    }
}

/// A starting file passes the check as it is, and with each default uncommented.
#[test]
fn new_writes_a_file_that_passes_the_check_for_every_pair() {
    for registry in [registry(), Registry::default()] {
        let names = |section| registry.of_section(section).map(Entry::name).collect::<Vec<_>>();
        for source in names("sources") {
            for sink in names("sinks") {
                let (code, text, _) = forebay(&["new", source, sink], &registry);
                assert_eq!(code, 0);
                check(&text, &registry);
                let defaults: Vec<&str> = text
                    .lines()
                    .map(|line| match line.strip_prefix("# ") {
                        Some(set) if set.contains(" = ") && set.starts_with("max_in") => set,
                        _ => line,
                    })
                    .collect();
                check(&defaults.join("\n"), &registry);
            }
        }
    }
}

fn check(text: &str, registry: &Registry) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.toml");
    std::fs::write(&path, text).unwrap();
    let (code, out, err) = forebay(&["check", path.to_str().unwrap()], registry);
    assert_eq!(code, 0, "{text}\n{out}{err}");
}

#[test]
fn the_schema_of_the_file_refers_only_to_what_it_defines() {
    let (code, out, _) = forebay(&["schema"], &registry());
    assert_eq!(code, 0);
    let schema: serde_json::Value = serde_json::from_str(&out).unwrap();
    let mut references = Vec::new();
    collect(&schema, &mut references);
    assert!(references.len() > 5, "{references:?}");
    for reference in references {
        let name = reference.strip_prefix("#/definitions/").unwrap();
        assert!(schema["definitions"].get(name).is_some(), "{reference}");
    }
    let queue = &schema["definitions"]["sources.queue"];
    assert_eq!(queue["properties"]["type"]["const"], "queue");
    assert!(queue["properties"]["max_rate_per_partition"].is_object(), "aliases are known");
    let folder = &schema["definitions"]["sinks.folder"];
    assert_eq!(folder["additionalProperties"], false);
    assert_eq!(folder["required"], serde_json::json!(["type", "path"]));
}

fn collect<'a>(value: &'a serde_json::Value, references: &mut Vec<&'a str>) {
    match value {
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                match value.as_str() {
                    Some(target) if key == "$ref" => references.push(target),
                    _ => collect(value, references),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

#[test]
fn aliases_mean_the_same_and_exclude_each_other() {
    let with = |more: &str| GOOD.replacen("format", &format!("{more}\nformat"), 1);
    let loaded = load_text(&with("max_rate_per_partition = 7"));
    let limits = loaded.config.unwrap().pipelines[0].sources[0].keys.limits;
    assert_eq!(limits.max_rate_per_split, Some(7.0));
    let both = with("max_rate_per_partition = 7\nmax_rate_per_split = 7");
    let all = short(&load_text(&both).findings);
    assert_eq!(all.len(), 1);
    assert!(all[0].starts_with("6:1 duplicate"), "{all:?}");
}
