//! Records that are not what `format` says.

use anyhow::{Result, ensure};
use forebay_integration_tests::servers::Kinesis;
use forebay_integration_tests::servers::kinesis::Put;
use forebay_integration_tests::{Scene, files_behind, visible};
use serde_json::{Value, json};

fn values(scene: &Scene, folder: &str) -> Result<Vec<Value>> {
    let files = visible::values(&scene.path(folder))?;
    Ok(files.into_iter().flat_map(|(_, values)| values).collect())
}

#[test]
fn what_is_broken_is_a_dead_letter_with_its_place_and_stops_no_other() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let stream = kinesis.stream("letters", 1)?;
    kinesis.put(&stream, ["{\"id\":1}", "no order", "{\"id\":2}"].map(|it| Put::new("k", it)))?;
    let options = kinesis.options();
    let source = format!(
        "type = \"kinesis\"\nstream = \"{stream}\"\nformat = \"json\"\n\
         schema = {{ id = \"bigint\" }}\n{options}"
    );
    let scene = Scene::new(&files_behind("orders", &source))?;
    scene.drain()?;
    ensure!(values(&scene, "out")? == [json!({ "id": 1 }), json!({ "id": 2 })]);
    let letters = values(&scene, "checkpoints/orders/dead-letters")?;
    let [letter] = letters.as_slice() else { anyhow::bail!("{letters:?}") };
    let arrived = kinesis.read(&stream)?;
    let broken = &arrived[1];
    ensure!(letter["source"] == "orders" && letter["split"] == *broken.shard, "{letter}");
    let position = letter["position"].as_str().unwrap_or_default();
    ensure!(position.contains(&broken.sequence), "{letter} does not name {}", broken.sequence);
    Ok(())
}
