//! The alert rules and the Grafana dashboard ask for metrics and labels that there are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;
use serde_json::Value;

use crate::client::{get, until};
use crate::running::Running;
use crate::scraped::Scraped;

/// Everything that has metrics: a receiver, a controller of each kind, limits, split series, a
/// dead letter.
const EVERYTHING: &str = r#"
[gateway]
split_series = 10

[sources.shop]
type = "generator"
as = "json"
format = "json"
schema = { id = "bigint" }
broken_ratio = 0.2
rows_per_second = 2000
max_rate = 1000
max_bytes_per_second = "1MiB"

[sources.door]
type = "http"
listen = "127.0.0.1:0"

[sinks.last]
type = "memory"

[pipelines.pid]
from = ["shop", "door"]
to = ["last"]
interval = "20ms"
max_rate = 5000
backpressure = { estimator = "pid", initial = 1000 }

[pipelines.adaptive]
from = ["shop"]
to = ["last"]
interval = "20ms"
backpressure = { estimator = "adaptive", initial = 1000 }
"#;

/// A file of the repository, as text.
fn file(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::read_to_string(root.join(name)).unwrap()
}

/// The labels of a metric as the reference has them, for one that is there only now and then.
fn in_reference(name: &str) -> BTreeSet<String> {
    let page = file("docs/reference/metrics.md");
    let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
    let labels = row.and_then(|row| row.split('|').nth(3)).unwrap_or_default().to_owned();
    let labels = labels.split(',').map(|label| label.trim().trim_matches('`').to_owned());
    labels.filter(|label| !label.is_empty()).collect()
}

/// The queries of the dashboard.
fn queries(dashboard: &Value) -> Vec<String> {
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    targets
        .map(|target| {
            let legend = target["legendFormat"].as_str().unwrap();
            format!("{} {}", target["expr"].as_str().unwrap(), legend.replace("{{", "{{ $labels."))
        })
        .collect()
}

/// The metrics of a query, and for each the labels that it is chosen by.
fn chosen(query: &str) -> Vec<(String, Vec<String>)> {
    let metric = Regex::new(r"\b((?:forebay|process)_\w+)(?:\{([^}]*)\})?").unwrap();
    let label = Regex::new(r"(\w+)\s*(?:=~|!~|!=|=)").unwrap();
    let found = metric.captures_iter(query).map(|found| {
        let matchers = found.get(2).map_or("", |it| it.as_str());
        let labels = label.captures_iter(matchers).map(|label| label[1].to_owned()).collect();
        (found[1].to_owned(), labels)
    });
    found.collect()
}

/// Labels that a query groups by, ignores or prints.
fn spoken(query: &str) -> Vec<String> {
    let groups = Regex::new(r"(?:by|on|ignoring)\s*\(([^)]*)\)").unwrap();
    let prints = Regex::new(r"\$labels\.(\w+)").unwrap();
    let mut labels: Vec<String> = prints.captures_iter(query).map(|it| it[1].to_owned()).collect();
    for group in groups.captures_iter(query) {
        labels.extend(group[1].split(',').map(|label| label.trim().to_owned()));
    }
    labels
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_and_label_that_is_asked_for_is_there() {
    let mut running = Running::start(EVERYTHING).await;
    let at = running.address;
    for pipeline in ["pid", "adaptive"] {
        let path = format!("/api/pipelines/{pipeline}");
        until(at, &path, |answer| {
            let told = answer.json();
            let has_rate = told["last"]["control"]["rate"].is_number();
            told["dead_letters"].as_u64() > Some(0) && has_rate
        })
        .await;
    }
    let scraped = Scraped::read(&get(at, "/metrics").await.body);
    running.drain().await;
    running.end_admin().await;

    let mut there: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, labels) in scraped.numbers.keys() {
        there.entry(name.clone()).or_default().extend(labels.keys().cloned());
    }
    let dashboard: Value = serde_json::from_str(&file("configs/monitoring/grafana.json")).unwrap();
    let alerts = file("configs/monitoring/alerts.yml");
    let alerts: Vec<String> =
        alerts.split("- alert:").skip(1).map(|rule| rule.replace('\n', " ")).collect();
    let panels = queries(&dashboard);
    assert!(alerts.len() >= 8 && panels.len() >= 20, "{} {}", alerts.len(), panels.len());

    let known = |name: &str| there.contains_key(name) || scraped.has_family(name);
    for query in alerts.iter().chain(&panels) {
        let metrics = chosen(query);
        assert!(!metrics.is_empty(), "{query}");
        let mut labels = BTreeSet::new();
        for (name, chosen) in &metrics {
            assert!(known(name), "`{name}` is no metric: {query}");
            let own = there.get(name).cloned().unwrap_or_else(|| in_reference(name));
            for label in chosen {
                assert!(own.contains(label), "`{name}` has no `{label}`");
            }
            labels.extend(own);
        }
        for label in spoken(query) {
            assert!(labels.contains(&label), "no metric has the label `{label}`: {query}");
        }
    }
}
