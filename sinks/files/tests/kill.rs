//! A process that is killed with `kill -9`, again and again, neither loses nor doubles a row.
//!
//! Without its environment variable this program starts itself with it, as the process that
//! writes; reads some lines of its output, one for each step; and kills it.
#![expect(clippy::print_stdout, reason = "the steps are told to the killer")]

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{env, fs};

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use forebay_core::component::{BuildContext, SinkComponent};
use forebay_core::{Batch, Rows, Sink};
use forebay_files_sink::Files;
use serde_json::{Value, json};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const FOLDER: &str = "FOREBAY_TEST_FOLDER";
const KILLS: usize = 12;
const MAX_STEPS: usize = 60;
const BATCH_ROWS: i64 = 100;

fn main() -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match env::var_os(FOLDER) {
        Some(folder) => runtime.block_on(write_for_ever(Path::new(&folder))),
        None => kill_and_look(&runtime),
    }
}

/// What the engine does, without end.
async fn write_for_ever(folder: &Path) -> Outcome {
    let checkpoint = read_checkpoint(folder)?;
    let mut sink = start(folder, &checkpoint).await?;
    let mut rows = checkpoint["rows"].as_i64().unwrap_or(0);
    let mut id = checkpoint["batch"].as_u64().unwrap_or(0);
    loop {
        id += 1;
        let ids = Arc::new(Int64Array::from_iter_values(rows..rows + BATCH_ROWS)) as ArrayRef;
        let part = Arc::new(Int64Array::from_iter_values((0..BATCH_ROWS).map(|row| row % 3)));
        let columns = RecordBatch::try_from_iter([("id", ids), ("part", part as ArrayRef)])?;
        println!("write");
        sink.write(&Batch::new(id, vec![Rows { columns, origin: None }])).await?;
        rows += BATCH_ROWS;
        println!("settle");
        if let Some(receipt) = sink.settle(id.is_multiple_of(3)).await? {
            println!("commit");
            write_checkpoint(folder, &json!({"rows": rows, "batch": id, "receipt": receipt}))?;
            println!("publish");
            sink.publish(&receipt).await?;
        }
    }
}

fn kill_and_look(runtime: &tokio::runtime::Runtime) -> Outcome {
    let folder = tempfile::tempdir()?;
    for _ in 0..KILLS {
        let mut child = Command::new(env::current_exe()?)
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()?;
        let steps = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let told = steps.take(fastrand::usize(1..MAX_STEPS)).collect::<Result<Vec<_>, _>>()?;
        child.kill()?;
        let status = child.wait()?;
        if status.code().is_some() {
            return Err(format!("it ended by itself after {told:?}: {status}").into());
        }
        let committed = read_checkpoint(folder.path())?["rows"].as_i64().unwrap_or(0);
        let visible = visible_ids(&folder.path().join("out"))?;
        if visible.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err("a row is doubled".into());
        }
        if visible.last().is_some_and(|last| *last >= committed) {
            return Err("a row is visible before its commit".into());
        }
    }
    let checkpoint = read_checkpoint(folder.path())?;
    runtime.block_on(start(folder.path(), &checkpoint))?;
    let committed = checkpoint["rows"].as_i64().unwrap_or(0);
    if committed == 0 {
        return Err("nothing was ever committed".into());
    }
    if visible_ids(&folder.path().join("out"))? != (0..committed).collect::<Vec<_>>() {
        return Err("a row is lost".into());
    }
    println!("killed {KILLS} times, {committed} rows, each visible once");
    Ok(())
}

async fn start(folder: &Path, checkpoint: &Value) -> Outcome<Box<dyn Sink>> {
    let context = BuildContext {
        name: "out".into(),
        pipeline: "p".into(),
        base: folder.to_owned(),
        instance: "a".into(),
    };
    let options = serde_json::from_value(json!({"path": "out", "partition_by": ["part"]}))?;
    let mut sink = Files::build(options, &context).map_err(|problem| problem.message)?;
    sink.connect().await?;
    sink.recover(checkpoint.get("receipt")).await?;
    Ok(sink)
}

fn read_checkpoint(folder: &Path) -> Outcome<Value> {
    match fs::read(folder.join("checkpoint")) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(_) => Ok(json!({})),
    }
}

fn write_checkpoint(folder: &Path, checkpoint: &Value) -> Outcome {
    let draft = folder.join("draft");
    fs::write(&draft, serde_json::to_vec(checkpoint)?)?;
    Ok(fs::rename(draft, folder.join("checkpoint"))?)
}

/// The rows that readers see, sorted. Fails on a torn line.
fn visible_ids(folder: &Path) -> Outcome<Vec<i64>> {
    let mut ids = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            continue;
        }
        if path.is_dir() {
            ids.extend(visible_ids(&path)?);
            continue;
        }
        for line in fs::read_to_string(&path)?.lines() {
            let row: Value = serde_json::from_str(line)?;
            ids.push(row["id"].as_i64().ok_or("a row without its number")?);
        }
    }
    ids.sort_unstable();
    Ok(ids)
}
