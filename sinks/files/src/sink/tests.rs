//! Failures that need a hand in the sink.

use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

use arrow::array::{Int64Array, RecordBatch};
use forebay_core::Rows;
use forebay_core::clock::SystemClock;
use forebay_core::component::BuildContext;

use super::*;

fn sink(root: &Path, output: Output) -> FilesSink {
    let context = BuildContext {
        name: "out".into(),
        pipeline: "p".into(),
        base: root.to_owned(),
        instance: "a".into(),
    };
    let options = serde_json::from_value(serde_json::json!({"path": "out"})).unwrap();
    FilesSink::new(Plan::new(&options, &context).unwrap(), output, SystemClock::shared())
}

fn batch(id: u64, rows: i64) -> Batch {
    let ids = Arc::new(Int64Array::from_iter_values(0..rows)) as _;
    let columns = RecordBatch::try_from_iter([("id", ids)]).unwrap();
    Batch::new(id, vec![Rows { columns, origin: None }])
}

fn visible_lines(root: &Path) -> usize {
    let entries = fs::read_dir(root.join("out")).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files.map(|path| fs::read_to_string(path).unwrap().lines().count()).sum()
}

/// A file on a disk with room for so many more bytes.
struct Bounded {
    file: fs::File,
    room: Arc<AtomicUsize>,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.room.load(Ordering::SeqCst);
        if room == 0 {
            return Err(ErrorKind::StorageFull.into());
        }
        let written = self.file.write(&bytes[..bytes.len().min(room)])?;
        self.room.fetch_sub(written, Ordering::SeqCst);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[tokio::test]
async fn a_full_disk_resets_and_goes_on_when_there_is_room() {
    let root = tempfile::tempdir().unwrap();
    let room = Arc::new(AtomicUsize::new(100_000));
    let left = Arc::clone(&room);
    let mut sink = sink(
        root.path(),
        Arc::new(move |file| Box::new(Bounded { file, room: Arc::clone(&left) })),
    );
    sink.connect().await.unwrap();
    sink.recover(None).await.unwrap();
    sink.write(&batch(1, 1_000)).await.unwrap();
    let receipt = sink.settle(true).await.unwrap().unwrap();
    sink.publish(&receipt).await.unwrap();

    let failed = match sink.write(&batch(2, 20_000)).await {
        Ok(_) => sink.settle(true).await.map(|_| ()),
        Err(error) => Err(error),
    };
    match failed {
        Err(SinkError::Reset(text)) => assert!(text.contains("the disk is full"), "{text}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(visible_lines(root.path()), 1_000);

    room.store(usize::MAX, Ordering::SeqCst);
    sink.connect().await.unwrap();
    sink.recover(Some(&receipt)).await.unwrap();
    sink.write(&batch(2, 20_000)).await.unwrap();
    let receipt = sink.settle(true).await.unwrap().unwrap();
    sink.publish(&receipt).await.unwrap();
    assert_eq!(visible_lines(root.path()), 21_000);
}

#[tokio::test]
async fn a_write_that_was_broken_off_is_not_repeated_on_top() {
    let root = tempfile::tempdir().unwrap();
    let gate = Arc::new(Mutex::new(()));
    let closed = Arc::clone(&gate);
    let through_the_gate: Output = Arc::new(move |file| {
        drop(closed.lock().unwrap());
        Box::new(file)
    });
    let mut sink = sink(root.path(), through_the_gate);
    sink.connect().await.unwrap();
    sink.recover(None).await.unwrap();
    let rows = batch(1, 10);
    // The first poll hands the work over, which comes no further than the gate; then the future
    // is dropped.
    let held = gate.lock().unwrap();
    let mut write = sink.write(&rows);
    let first = write.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(first.is_pending(), "the gate is closed");
    drop(write);
    drop(held);
    assert!(matches!(sink.write(&rows).await, Err(SinkError::Reset(_))));

    sink.recover(None).await.unwrap();
    sink.write(&rows).await.unwrap();
    let receipt = sink.settle(true).await.unwrap().unwrap();
    sink.publish(&receipt).await.unwrap();
    assert_eq!(visible_lines(root.path()), 10);
}

#[tokio::test]
async fn a_thread_that_panics_resets() {
    let root = tempfile::tempdir().unwrap();
    let mut sink = sink(root.path(), Arc::new(|_| panic!("as a library might")));
    sink.connect().await.unwrap();
    assert!(matches!(sink.write(&batch(1, 10)).await, Err(SinkError::Reset(_))));
    sink.recover(None).await.unwrap();
}
