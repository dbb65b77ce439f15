use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use forebay_core::Rows;

use super::*;

/// What was printed; `None` is a pipe that nobody reads.
#[derive(Clone)]
struct Screen(Arc<Mutex<Vec<u8>>>, Option<ErrorKind>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.1 {
            Some(kind) => Err(kind.into()),
            None => self.0.lock().unwrap().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn sink(options: serde_json::Value, failure: Option<ErrorKind>) -> (ConsoleSink, Screen) {
    let screen = Screen(Arc::default(), failure);
    let options: ConsoleOptions = serde_json::from_value(options).unwrap();
    (ConsoleSink::new(&options, Box::new(screen.clone())), screen)
}

fn batch() -> Batch {
    let ids = Arc::new(Int64Array::from(vec![Some(1), None, Some(300)])) as ArrayRef;
    let times = TimestampMillisecondArray::from(vec![0, 1, i64::MAX]).with_timezone("UTC");
    let names = StringArray::from(vec!["Ann\x1b[2J", "Bö", &"x".repeat(50)]);
    let columns = RecordBatch::try_from_iter_with_nullable([
        ("id", ids, true),
        ("at", Arc::new(times), true),
        ("name", Arc::new(names), true),
    ])
    .unwrap();
    let more = columns.slice(0, 1);
    let rows = |columns| Rows { columns, origin: None };
    Batch::new(7, vec![rows(columns), rows(more)])
}

async fn printed(options: serde_json::Value) -> String {
    let (mut sink, screen) = sink(options, None);
    sink.connect().await.unwrap();
    assert_eq!(sink.write(&batch()).await.unwrap(), Written::all());
    let bytes = screen.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn json_lines_up_to_the_limit() {
    let text = printed(serde_json::json!({})).await;
    assert_eq!(text.lines().count(), 4);
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(
        first,
        serde_json::json!({"id": 1, "at": "1970-01-01T00:00:00Z", "name": "Ann\u{1b}[2J"})
    );
    assert_eq!(printed(serde_json::json!({"limit": 2})).await.lines().count(), 2);
}

#[tokio::test]
async fn an_aligned_table_that_no_value_can_break() {
    let text = printed(serde_json::json!({"format": "table", "limit": 3})).await;
    let expected = [
        "batch 7: 4 rows, 1 of them not shown",
        " id  at                        name",
        "  1  1970-01-01T00:00:00Z      Ann·[2J",
        "  -  1970-01-01T00:00:00.001Z  Bö",
    ];
    assert_eq!(text.lines().take(4).collect::<Vec<_>>(), expected);
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("300  ?") && last.ends_with("xxx…"), "{last}");
}

#[tokio::test]
async fn a_broken_pipe_ends_the_pipeline_and_a_full_disk_does_not() {
    let (mut piped, _) = sink(serde_json::json!({}), Some(ErrorKind::BrokenPipe));
    match piped.write(&batch()).await {
        Err(SinkError::Fatal(text)) => assert!(text.contains("nobody reads"), "{text}"),
        other => panic!("{other:?}"),
    }
    let (mut full, _) = sink(serde_json::json!({}), Some(ErrorKind::StorageFull));
    assert!(matches!(full.write(&batch()).await, Err(SinkError::Transient(_))));
}

/// A screen whose reader reads once something comes by this channel.
struct Slow(Screen, std::sync::mpsc::Receiver<()>);

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.recv().map_err(io::Error::other)?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_reader_who_does_not_read_is_waited_for() {
    let screen = Screen(Arc::default(), None);
    let (read, reader) = std::sync::mpsc::channel();
    let options: ConsoleOptions = serde_json::from_value(serde_json::json!({})).unwrap();
    let mut sink = ConsoleSink::new(&options, Box::new(Slow(screen.clone(), reader)));
    let batch = batch();
    let write = sink.write(&batch);
    tokio::pin!(write);
    // This thread is the runtime's only one: it goes on while the writer waits.
    for _ in 0..1000 {
        assert!(is_pending(write.as_mut()).await);
        tokio::task::yield_now().await;
    }
    assert!(screen.0.lock().unwrap().is_empty());
    read.send(()).unwrap();
    assert_eq!(write.await.unwrap(), Written::all());
    assert!(!screen.0.lock().unwrap().is_empty());
}

/// Whether a future is not done when it is looked at once.
async fn is_pending<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> bool {
    let mut future = future;
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(future.as_mut().poll(context).is_pending())
    })
    .await
}

#[tokio::test]
async fn the_sink_conforms() {
    use forebay_core::testing::sink::{Promise, check};

    let (_, screen) = sink(serde_json::json!({}), None);
    let build = || -> Box<dyn Sink> {
        Box::new(ConsoleSink::new(&ConsoleOptions::default(), Box::new(screen.clone())))
    };
    let visible = || {
        let text = String::from_utf8(screen.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    };
    let summary = check(Promise::AtLeastOnce, build, visible).await.unwrap();
    assert!(summary.mixed_schemas);
}
