//! The Grafana dashboard is one that Grafana takes, and all that is asked of Prometheus is PromQL.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusty_promql_parser::{Expr, expr};
use serde_json::Value;

/// The width of a dashboard, in columns.
const COLUMNS: u64 = 24;

/// Units that Grafana knows
/// ([`categories.ts`](https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts)),
/// as far as they are of use here.
const UNITS: [&str; 10] =
    ["Bps", "bytes", "bool_yes_no", "cps", "none", "ops", "percentunit", "reqps", "s", "short"];

fn file(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/monitoring");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn dashboard() -> Value {
    serde_json::from_str(&file("grafana.json")).unwrap()
}

/// An expression with the variables of the dashboard filled in.
fn parsed(expression: &str) -> Expr {
    let filled = expression.replace("$pipeline", "orders").replace("$__rate_interval", "5m");
    assert!(!filled.contains('$'), "a variable that is not there: {expression}");
    let (rest, parsed) = expr(&filled).map_err(|error| format!("{expression}: {error}")).unwrap();
    assert_eq!(rest.trim(), "", "{expression}");
    parsed
}

#[test]
fn every_panel_says_what_it_shows_and_none_covers_another() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.len() > 20);
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeMap::new());
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: its id is that of another");
        let at = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        assert!(at("w") > 0 && at("h") > 0 && at("x") + at("w") <= COLUMNS, "{title}");
        for y in at("y")..at("y") + at("h") {
            for x in at("x")..at("x") + at("w") {
                let other = taken.insert((x, y), title);
                assert_eq!(other, None, "{title} lies on it");
            }
        }
        if panel["type"] == "row" {
            continue;
        }
        assert!(panel["description"].as_str().is_some_and(|text| text.ends_with('.')), "{title}");
        let unit = panel["fieldConfig"]["defaults"]["unit"].as_str();
        assert!(unit.is_some_and(|unit| UNITS.contains(&unit)), "{title}: {unit:?}");
        let source = serde_json::json!({ "type": "prometheus", "uid": "${datasource}" });
        assert_eq!(panel["datasource"], source, "{title}");
        let targets = panel["targets"].as_array().unwrap();
        let names: BTreeSet<_> = targets.iter().map(|it| it["refId"].as_str().unwrap()).collect();
        assert!(!names.is_empty() && names.len() == targets.len(), "{title}");
        for target in targets {
            assert_eq!(target["datasource"], source, "{title}");
            assert!(target["legendFormat"].as_str().is_some_and(|it| !it.is_empty()), "{title}");
        }
    }
}

#[test]
fn it_can_be_imported_anywhere() {
    let dashboard = dashboard();
    // Grafana migrates what is older, and refuses nothing that is newer than 16.
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 36);
    assert!(dashboard["uid"].is_string() && dashboard.get("id").is_none_or(Value::is_null));
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let variable = |name: &str| variables.iter().find(|it| it["name"] == name).unwrap();
    let source = variable("datasource");
    assert_eq!((&source["type"], &source["query"]), (&"datasource".into(), &"prometheus".into()));
    let pipelines = variable("pipeline");
    let asked = pipelines["query"]["query"].as_str().unwrap();
    assert!(asked.starts_with("label_values(forebay_") && asked.ends_with(", pipeline)"));
    assert_eq!(pipelines["datasource"]["uid"], "${datasource}");
}

#[test]
fn every_expression_is_promql() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    for target in targets {
        let asked = target["expr"].as_str().unwrap();
        // What is counted is looked at as a rate, and only that.
        let is_total = asked.contains("_total");
        let is_rate = asked.contains("rate(") || asked.contains("increase(");
        assert!(!is_total || is_rate, "{asked}");
        parsed(asked);
    }
    let alerts = file("alerts.yml");
    let rules: Vec<_> =
        alerts.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).collect();
    assert!(rules.len() >= 8 && rules.len() == alerts.matches("- alert:").count(), "{rules:?}");
    for rule in rules {
        // An alert fires for each series that is left: a rule compares.
        assert!(matches!(parsed(rule), Expr::Binary(_)), "{rule}");
    }
}
