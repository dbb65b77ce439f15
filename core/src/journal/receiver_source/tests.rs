use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::AsArray;
use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ReceiverSource;
use crate::clock::SystemClock;
use crate::decode::{AsIs, Decode};
use crate::journal::{Durability, Intake, JournalSettings, Limits, SPLIT};
use crate::receiver::{Receiver, ReceiverError};
use crate::source::{Resume, Source, SourceError};
use crate::split::Grant;
use crate::testing::chunk;

/// Stores what it is sent; ends as it is told to.
struct Scripted {
    script: mpsc::Receiver<Step>,
    runs: Arc<AtomicUsize>,
}

#[derive(Debug)]
enum Step {
    Store(&'static str),
    Return,
    Fail(ReceiverError),
    Panic,
}

#[async_trait]
impl Receiver for Scripted {
    fn decoder(&self) -> Arc<dyn Decode> {
        AsIs::shared(None)
    }

    async fn run(&mut self, intake: Intake, stop: CancellationToken) -> Result<(), ReceiverError> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        loop {
            let step = tokio::select! {
                step = self.script.recv() => step,
                () = stop.cancelled() => return Ok(()),
            };
            match step {
                Some(Step::Store(text)) => {
                    let stored = intake.store(chunk([text])).await;
                    stored.map_err(|refused| ReceiverError::Transient(refused.to_string()))?;
                }
                Some(Step::Return) | None => return Ok(()),
                Some(Step::Fail(error)) => return Err(error),
                Some(Step::Panic) => panic!("as the test wants it"),
            }
        }
    }
}

struct Fixture {
    script: mpsc::Sender<Step>,
    runs: Arc<AtomicUsize>,
    source: ReceiverSource,
    _folder: tempfile::TempDir,
}

fn fixture(durability: Durability) -> Fixture {
    let (script, steps) = mpsc::channel(16);
    let runs = Arc::new(AtomicUsize::new(0));
    let receiver = Box::new(Scripted { script: steps, runs: runs.clone() });
    let folder = tempfile::tempdir().expect("a folder");
    let settings = JournalSettings { durability, ..JournalSettings::default() };
    let path = Some(folder.path().join("journal"));
    let clock = SystemClock::shared();
    let source =
        ReceiverSource::new("in".into(), receiver, path, settings, Limits::default(), clock);
    Fixture { script, runs, source, _folder: folder }
}

async fn read_all(source: &mut ReceiverSource) -> Vec<String> {
    let start = source.splits(&BTreeMap::new()).await.expect("splits")[0].start.clone();
    let grant = Grant {
        split: SPLIT.into(),
        generation: 0,
        from: start,
        until: None,
        records: 99,
        bytes: 9_999,
    };
    let slices = source.read(&[grant], Instant::now()).await.expect("read");
    let values = slices.iter().flat_map(|slice| slice.records.column(0).as_binary::<i32>().iter());
    values.flatten().map(|value| String::from_utf8_lossy(value).into_owned()).collect()
}

#[tokio::test]
async fn a_receiver_that_ends_is_run_again_and_its_records_come() {
    for durability in [Durability::Journal, Durability::Memory] {
        let Fixture { script, runs, mut source, _folder } = fixture(durability);
        source.connect(&Resume::default()).await.expect("connected");
        for step in [
            Step::Store("a"),
            Step::Return,
            Step::Fail(ReceiverError::Transient("the port is taken".into())),
            Step::Store("b"),
        ] {
            script.send(step).await.expect("it listens");
        }
        let deadline = Instant::now() + std::time::Duration::from_secs(20);
        while read_all(&mut source).await != ["a", "b"] {
            assert!(Instant::now() < deadline, "the records did not come");
            tokio::task::yield_now().await;
        }
        assert_eq!(runs.load(Ordering::SeqCst), 3);
        let observed = source.observe().expect("observed").observe();
        assert_eq!(observed["restarts"], 2);
        assert_eq!(observed["last_end"], "the port is taken");
        source.close().await;
        assert!(script.send(Step::Return).await.is_err(), "the receiver is still there");
    }
}

#[tokio::test]
async fn a_fatal_error_and_a_panic_end_the_source() {
    for (step, word) in [
        (Step::Fail(ReceiverError::Fatal("no such program".into())), "no such program"),
        (Step::Panic, "panicked"),
    ] {
        let Fixture { script, mut source, _folder, .. } = fixture(Durability::Journal);
        source.connect(&Resume::default()).await.expect("connected");
        script.send(step).await.expect("it listens");
        // Once and again: the first may have been given up in mid-wait.
        source.ready().await;
        source.ready().await;
        match source.splits(&BTreeMap::new()).await {
            Err(SourceError::Fatal(text)) => assert!(text.contains(word), "{text}"),
            other => panic!("fatal, not {other:?}"),
        }
        source.close().await;
    }
}

#[tokio::test]
async fn before_it_is_connected_it_says_so() {
    let mut fixture = fixture(Durability::Journal);
    let early = fixture.source.splits(&BTreeMap::new()).await;
    assert!(matches!(early, Err(SourceError::Disconnected(_))), "{early:?}");
}
