//! The registry itself.

use anyhow::{Result, ensure};
use forebay_integration_tests::servers::{Registry, name};

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
