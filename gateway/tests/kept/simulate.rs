//! `forebay simulate`.

use serde_json::Value;

use crate::shell::{binary, forebay, text};

/// Batches of 1000 records each second that took half a second each.
fn past(folder: &std::path::Path, pipelines: &[&str]) -> std::path::PathBuf {
    let path = folder.join("past.jsonl");
    let mut lines = String::new();
    for batch in 1..=4_u64 {
        for pipeline in pipelines {
            let line = serde_json::json!({
                "pipeline": pipeline, "batch": batch, "time_ms": batch * 1_000, "records": 1_000,
                "bytes": 5, "processing_ms": 500.0, "scheduling_delay_ms": 0.0, "rate": null,
                "limited_by": "available", "splits": [],
            });
            lines.push_str(&format!("{line}\n"));
        }
    }
    std::fs::write(&path, lines).unwrap();
    path
}

fn rates(out: &str, name: &str) -> Vec<Option<f64>> {
    let line = |line: &str| serde_json::from_str::<Value>(line).unwrap()[name].as_f64();
    out.lines().map(line).collect()
}

#[test]
fn both_estimators_are_shown_batch_by_batch() {
    let folder = tempfile::tempdir().unwrap();
    let past = past(folder.path(), &["orders"]);
    let arguments = ["simulate", "--progress", text(&past), "--interval", "1s", "--json"];
    let (code, out, err) = forebay(&arguments);
    assert_eq!((code, err.as_str()), (0, ""));
    // The formula of Spark: the first batch is remembered, then the rate is that of the sinks.
    assert_eq!(rates(&out, "pid"), [None, Some(2_000.0), Some(2_000.0), Some(2_000.0)]);
    let adaptive = rates(&out, "adaptive");
    assert_eq!(adaptive.len(), 4);
    assert!(adaptive.iter().flatten().count() >= 3, "{adaptive:?}");

    let capped = [&arguments[..], &["--maximum", "1500"]].concat();
    let (_, out, _) = forebay(&capped);
    assert_eq!(rates(&out, "pid")[1..], [Some(1_500.0); 3]);

    let (code, out, _) = forebay(&arguments[..5]);
    assert_eq!(code, 0);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("BATCH  TIME"), "{out}");
    assert!(lines[1].contains("1970-01-01T00:00:01Z") && lines[1].contains('–'), "{out}");
    assert!(lines[2].contains("2000.0"), "{out}");
}

#[test]
fn a_broken_line_is_named_and_several_pipelines_have_to_be_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let past = past(folder.path(), &["a", "b"]);
    let (code, _, err) = forebay(&["simulate", "--progress", text(&past)]);
    assert_eq!(code, 1);
    assert!(err.contains("a, b") && err.contains("--pipeline"), "{err}");
    let (code, out, _) = forebay(&["simulate", "--progress", text(&past), "--pipeline", "a"]);
    assert_eq!((code, out.lines().count()), (0, 5));
    let (code, _, err) = forebay(&["simulate", "--progress", text(&past), "--pipeline", "c"]);
    assert_eq!(code, 1);
    assert!(err.contains("no batches of the pipeline `c`"), "{err}");

    let mut broken = std::fs::read_to_string(&past).unwrap();
    broken.push_str("{\"pipeline\":\n");
    std::fs::write(&past, broken).unwrap();
    let (code, out, err) = forebay(&["simulate", "--progress", text(&past), "--pipeline", "a"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("past.jsonl`, line 9: "), "{err}");
}

#[test]
fn wrong_settings_are_refused_and_those_of_the_pipeline_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let past = past(folder.path(), &["orders"]);
    let arguments = ["simulate", "--progress", text(&past), "--proportional", "-1"];
    let (code, _, err) = forebay(&[&arguments[..3], &["--proportional=-1"]].concat());
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("proportional"), "{err}");
    assert_eq!(forebay(&["simulate"]).0, 2);

    let config = folder.path().join("a.toml");
    let content = "[sources.in]\ntype = \"generator\"\n[sinks.out]\ntype = \"blackhole\"\n\
         [pipelines.orders]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"1s\"\n\
         backpressure = { maximum = 1200.0 }\n";
    std::fs::write(&config, content).unwrap();
    let arguments = ["simulate", text(&config), "--progress", text(&past), "--json"];
    let (code, out, err) = forebay(&arguments);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(rates(&out, "pid")[1..], [Some(1_200.0); 3]);
}

#[test]
fn scenarios_are_listed_and_run_by_name_or_number() {
    let (code, list, _) = forebay(&["simulate", "--scenarios", "--json"]);
    assert_eq!(code, 0);
    let first: Value = serde_json::from_str(list.lines().next().unwrap()).unwrap();
    let name = first["name"].as_str().unwrap();
    let (code, by_name, _) = forebay(&["simulate", "--scenario", name]);
    assert_eq!(code, 0);
    assert!(by_name.contains("\nadaptive: ") && by_name.starts_with("pid: "), "{by_name}");
    assert_eq!(forebay(&["simulate", "--scenario", "1"]).1, by_name, "the same on every run");
    let (code, _, err) = forebay(&["simulate", "--scenario", "no such thing"]);
    assert_eq!(code, 2);
    assert!(err.contains("--scenarios") || err.contains("did you mean"), "{err}");
}

#[test]
fn what_run_writes_is_what_simulate_reads() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("a.toml");
    let content = "[gateway]\ncheckpoints = \"c\"\nlisten = \"off\"\n[sources.in]\n\
         type = \"generator\"\nunlimited = true\ncount = 1000\n[sinks.out]\ntype = \"blackhole\"\n\
         [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"20ms\"\n\
         max_batch_records = 300\n";
    std::fs::write(&config, content).unwrap();
    let progress = binary(&["run", text(&config), "--progress", "jsonl"]);
    let past = folder.path().join("past.jsonl");
    std::fs::write(&past, &progress).unwrap();
    let (code, out, err) =
        forebay(&["simulate", text(&config), "--progress", text(&past), "--json"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let records: f64 = rates(&out, "records").into_iter().flatten().sum();
    assert!((records - 1_000.0).abs() < 0.5, "{out}");
}
