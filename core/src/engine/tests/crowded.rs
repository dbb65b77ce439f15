//! A source with little room does not wait for a sink that gathers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::clock::SystemClock;
use crate::decode::{AsIs, Decode};
use crate::journal::{Durability, Intake, JournalSettings, Limits, ReceiverSource};
use crate::receiver::{Receiver, ReceiverError};
use crate::testing::{Recorder, chunk};
use crate::trigger::Trigger;
use crate::units::ByteSize;

use super::super::{Ended, Settings};
use super::Bench;

const CHUNKS: usize = 200;
const BYTES: usize = 30_000;

/// Stores more than there is room for.
struct Sender;

#[async_trait]
impl Receiver for Sender {
    fn decoder(&self) -> Arc<dyn Decode> {
        AsIs::shared(None)
    }

    async fn run(&mut self, intake: Intake, stop: CancellationToken) -> Result<(), ReceiverError> {
        for _ in 0..CHUNKS {
            intake.store(chunk([vec![b'x'; BYTES]])).await.expect("stored");
        }
        stop.cancelled().await;
        Ok(())
    }
}

#[tokio::test]
async fn a_sink_that_gathers_settles_when_a_receiver_has_little_room_left() {
    for durability in [Durability::Memory, Durability::Journal] {
        let bench = Bench::new();
        let folder = tempfile::tempdir().expect("a folder");
        let settings = JournalSettings {
            durability,
            segment_bytes: ByteSize::kib(64),
            max_bytes: Some(ByteSize::mib(1)),
            ..JournalSettings::default()
        };
        let source = ReceiverSource::new(
            "numbers".into(),
            Box::new(Sender),
            Some(folder.path().join("journal")),
            settings,
            Limits::default(),
            SystemClock::shared(),
        );
        let gathers_for_ever = Recorder::settling(&bench.rows, u64::MAX);
        let settings = Settings {
            trigger: Trigger::OnData,
            max_batch_bytes: 100_000,
            ..Settings::new("test")
        };
        let pipeline = bench.pipeline(settings, source, gathers_for_ever);
        let all_is_read = async {
            while bench.heard.progress().iter().map(|it| it.records).sum::<u64>() < CHUNKS as u64 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            bench.stop.cancel();
        };
        let both = async { tokio::join!(bench.run(pipeline), all_is_read).0 };
        let ended = timeout(Duration::from_secs(60), both).await;
        assert_eq!(ended, Ok(Ok(Ended::Drained)), "{durability:?}");
        let rows: usize = bench.rows.visible().iter().map(|batch| batch.num_rows()).sum();
        assert_eq!(rows, CHUNKS, "{durability:?}");
        // Each time there was about half of the room to settle, and not only a batch or two.
        let settled = bench.rows.settled();
        assert!((6..=16).contains(&settled), "{settled} times, {durability:?}");
    }
}
