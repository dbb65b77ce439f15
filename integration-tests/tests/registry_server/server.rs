//! A schema registry starts from its archive, keeps schemas and refuses those that do not fit; and
//! `forebay probe` says whether it can be asked.

use anyhow::{Result, ensure};
use forebay_integration_tests::servers::{Registry, name};
use forebay_integration_tests::{Probed, Scene};

#[test]
fn schemas_are_kept_by_id() -> Result<()> {
    let registry = Registry::shared()?;
    let subject = name::unique("orders");
    let schema = |field: &str| {
        format!(
            r#"{{"type":"record","name":"Order","fields":[{{"name":"{field}","type":"long"}}]}}"#
        )
    };
    let id = registry.register(&subject, "AVRO", &schema("number"))?;
    let kept = registry.request("GET", &format!("/schemas/ids/{id}"), "")?;
    ensure!(kept.contains("number"), "{kept}");
    registry.request("PUT", &format!("/config/{subject}"), r#"{"compatibility":"BACKWARD"}"#)?;
    let refused = registry.register(&subject, "AVRO", &schema("other")).map(drop);
    ensure!(refused.is_err(), "a schema was taken that does not fit");
    ensure!(registry.register(&subject, "AVRO", &schema("number"))? == id);
    Ok(())
}

#[test]
fn a_probe_asks_it() -> Result<()> {
    let registry = Registry::shared()?;
    let scene = |url: &str| {
        Scene::new(&format!(
            r#"
[sources.door]
type = "http"
listen = "127.0.0.1:0"
format = "avro"
schema = {{ id = "bigint" }}
registry = {{ url = "{url}" }}

[sinks.nothing]
type = "blackhole"

[pipelines.p]
from = ["door"]
to = ["nothing"]
"#
        ))
    };
    let steps = ["listen", "registry"];
    let well = Probed::of(&scene(&registry.url())?, "sources.door")?;
    well.expect(&steps, true, "subjects can be seen")?;
    let elsewhere = Probed::of(&scene(&format!("{}/nowhere", registry.url()))?, "sources.door")?;
    elsewhere.expect(&steps, false, "is the path in `url` right?")
}
