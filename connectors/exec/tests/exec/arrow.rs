//! Rows of Arrow's batches.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use arrow_ipc::writer::StreamWriter;
use forebay_core::testing::intake;
use forebay_exec_source::ExecConfig;
use forebay_formats::ipc::read_back;
use tempfile::tempdir;

use crate::running::{shell, start};

const OPTIONS: &str =
    "framing = \"arrow\"\nacknowledge = true\nschema = { id = \"bigint\", name = \"text!\" }";

/// A stream of two batches with a row in each that has no name.
fn write(path: &Path) {
    let schema = Schema::new(vec![
        Field::new("name", DataType::Utf8, true),
        Field::new("id", DataType::Int64, false),
    ]);
    let file = std::fs::File::create(path).unwrap();
    let mut writer = StreamWriter::try_new(file, &schema).unwrap();
    for first in [0, 3] {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(first..first + 3));
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("c")]));
        let batch = RecordBatch::try_new(Arc::new(schema.clone()), vec![names, ids]);
        writer.write(&batch.unwrap()).unwrap();
    }
    writer.finish().unwrap();
}

fn decoded(values: &[Vec<u8>]) -> RecordBatch {
    let config: ExecConfig = toml::from_str(&format!("command = [\"a\"]\n{OPTIONS}")).unwrap();
    let options = read_back(config.decoding.schema.as_ref().unwrap(), Vec::new()).unwrap();
    let raw: SchemaRef = Arc::new(Schema::new(vec![Field::new("value", DataType::Binary, true)]));
    let values: ArrayRef = Arc::new(BinaryArray::from_iter_values(values));
    let records = RecordBatch::try_new(raw.clone(), vec![values]).unwrap();
    options.decoder(&raw, "value").unwrap().decode(&records).unwrap().columns
}

#[tokio::test]
async fn rows_are_records_and_counted_when_they_are_stored() {
    let folder = tempdir().unwrap();
    write(&folder.path().join("stream"));
    // It ends when all six rows are acknowledged.
    let script = "cat stream; while read -r said; do echo \"$said\" >> said; \
                  [ \"$said\" = \"ack 6\" ] && exit 0; done";
    let (intake, mut caught) = intake();
    let running = start(shell(folder.path(), script, OPTIONS), intake);
    let (mut values, mut refused) = (Vec::new(), Vec::new());
    while values.len() + refused.len() < 6 {
        let arrival = caught.next().await.unwrap();
        match &arrival.reason {
            Some(reason) => refused.push((reason.class, arrival.values()[0].to_vec())),
            None => values.extend(arrival.values().iter().map(|value| value.to_vec())),
        }
    }
    let columns = decoded(&values);
    assert_eq!(columns["id"].as_primitive::<Int64Type>().values().as_ref(), [0, 2, 3, 5]);
    let json = |id| ("missing", format!("{{\"id\":{id}}}\n").into_bytes());
    assert_eq!(refused, [json(1), json(4)]);
    let why = running.why().await;
    assert!(why.contains("ended with exit status: 0"), "{why}");
}

#[tokio::test]
async fn what_is_no_stream_ends_the_program() {
    let folder = tempdir().unwrap();
    let (intake, _caught) = intake();
    let running = start(shell(folder.path(), "echo '{\"id\": 1}'; sleep 60", OPTIONS), intake);
    let why = running.why().await;
    assert!(why.contains("`sh` writes is no Arrow IPC stream"), "{why}");
}

#[tokio::test]
async fn a_batch_that_breaks_off_is_a_dead_letter() {
    let folder = tempdir().unwrap();
    write(&folder.path().join("stream"));
    let (intake, mut caught) = intake();
    // Less than the end of the stream and some of the last batch.
    let script = "head -c -80 stream; exit 3";
    let options = OPTIONS.replace("acknowledge = true\n", "");
    let running = start(shell(folder.path(), script, &options), intake);
    let mut classes = Vec::new();
    while classes.len() < 2 {
        let arrival = caught.next().await.unwrap();
        classes.extend(arrival.reason.as_ref().map(|reason| reason.class));
    }
    assert_eq!(classes, ["missing", "truncated"]);
    assert!(running.why().await.contains("exit status: 3"));
}
