//! What the writer and the readers of a journal share.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::component::Observe;
use crate::folder_lock::FolderLock;
use crate::journal::room::Room;

use super::segment::Segment;
use super::spares::Spares;

/// What the writer and the readers of a journal share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) folder: PathBuf,
    state: Mutex<State>,
    /// The sequence number after the last record that is safe; sent after each write.
    pub(crate) safe: watch::Sender<u64>,
    pub(crate) room: Arc<Room>,
    pub(crate) spares: Spares,
    /// Damaged frames that were met.
    pub(crate) damaged: AtomicU64,
    pub(crate) _lock: FolderLock,
}

/// The segments and how far they go.
#[derive(Debug)]
pub(crate) struct State {
    /// In order; the last one is written to. Never empty.
    pub(crate) segments: VecDeque<Segment>,
    /// The sequence number after the last record that is safe.
    pub(crate) safe: u64,
    /// Sequence numbers below this are not given to new records.
    pub(crate) floor: u64,
    /// Whether a write is under way, so that records beyond `safe` have their numbers already.
    pub(crate) writing: bool,
}

impl Shared {
    pub(crate) fn new(
        folder: PathBuf,
        state: State,
        room: Arc<Room>,
        spares: Spares,
        lock: FolderLock,
    ) -> Self {
        let (safe, _) = watch::channel(state.safe);
        let state = Mutex::new(state);
        Self { folder, state, safe, room, spares, damaged: AtomicU64::new(0), _lock: lock }
    }

    /// The state. Never held across I/O or an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The sequence number of the first record that is kept.
    pub(crate) fn first(&self) -> u64 {
        self.segments.front().map_or(self.safe, |segment| segment.first)
    }

    /// The sequence number below which records are gone.
    pub(crate) fn gone_below(&self) -> u64 {
        self.segments.front().map_or(self.safe, |segment| segment.follows)
    }

    /// The index of the segment in which a record stands or would stand.
    pub(crate) fn segment_of(&self, seq: u64) -> usize {
        self.segments.partition_point(|segment| segment.first <= seq).saturating_sub(1)
    }

    /// When the record at this position came, or one shortly before it.
    pub(crate) fn received_ms(&self, seq: u64) -> Option<u64> {
        let segment = self.segments.get(self.segment_of(seq))?;
        segment.place_before(seq).map(|place| place.received_ms)
    }

    /// Bytes of all frames.
    pub(crate) fn frame_bytes(&self) -> u64 {
        self.segments.iter().map(Segment::frame_bytes).sum()
    }

    /// Bytes of the segments that hold nothing from `position` on.
    pub(crate) fn bytes_before(&self, position: u64) -> u64 {
        self.segments.range(..self.whole_before(position)).map(Segment::frame_bytes).sum()
    }

    /// How many segments hold nothing from `position` on; never the last one.
    fn whole_before(&self, position: u64) -> usize {
        let seconds = self.segments.iter().skip(1);
        seconds.take_while(|second| second.follows <= position).count()
    }

    /// Takes the segments that hold nothing from `position` on out of the list.
    pub(crate) fn drop_before(&mut self, position: u64) -> Vec<Segment> {
        let count = self.whole_before(position);
        self.segments.drain(..count).collect()
    }
}

impl Observe for Shared {
    fn observe(&self) -> serde_json::Value {
        let state = self.state();
        let bytes = state.frame_bytes();
        serde_json::json!({
            "segments": state.segments.len(),
            "bytes": bytes,
            "first": state.first(),
            "end": state.safe,
            "oldest_received_ms": (state.first() < state.safe)
                .then(|| state.received_ms(state.first()))
                .flatten(),
            "damaged_frames": self.damaged.load(std::sync::atomic::Ordering::Relaxed),
        })
    }
}
