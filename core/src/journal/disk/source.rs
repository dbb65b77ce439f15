//! The journal as a source.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::batch::Slice;
use crate::clock::Clock;
use crate::component::Observe;
use crate::decode::Decode;
use crate::journal::SPLIT;
use crate::journal::decoder::JournalDecoder;
use crate::journal::gather::Gather;
use crate::journal::intake::Intake;
use crate::journal::limits::Limits;
use crate::journal::memory::sequence;
use crate::journal::settings::{Fsync, JournalSettings};
use crate::position::Position;
use crate::range::Range;
use crate::source::{Committed, Resume, Source, SourceError};
use crate::split::{Grant, SplitId, SplitPhase, SplitStatus};

use super::reader::{Cursor, Reader};
use super::recovery;
use super::segment::{SEGMENT_HEADER, Segment};
use super::shared::Shared;
use super::writer::Writer;

/// The most chunks on their way to the writer.
const QUEUED_CHUNKS: usize = 4_096;

/// The journal as a source of one split, [`SPLIT`]. Positions are sequence numbers of records,
/// from 0 and never used again.
pub struct JournalSource {
    source: Arc<str>,
    shared: Arc<Shared>,
    decoder: Arc<dyn Decode>,
    clock: Arc<dyn Clock>,
    fsync: Fsync,
    /// The most bytes that are kept.
    max_bytes: u64,
    safe: watch::Receiver<u64>,
    writer: Option<JoinHandle<()>>,
    stop: DropGuard,
    cursor: Option<Cursor>,
    /// The position up to which the engine has read.
    read: u64,
    /// Losses that were reported, so that a replay does not report them again.
    reported: BTreeSet<(u64, u64)>,
}

impl JournalSource {
    /// Opens the journal in a folder, or makes it. `source` is the source's name in the
    /// configuration, `decoder` the one of the receiver.
    ///
    /// # Errors
    /// [`SourceError::Fatal`] if another process has the folder, or a newer version wrote it;
    /// [`SourceError::Transient`] if the disk does not answer.
    pub async fn open(
        source: Arc<str>,
        folder: &Path,
        settings: &JournalSettings,
        limits: Limits,
        decoder: Arc<dyn Decode>,
        clock: Arc<dyn Clock>,
    ) -> Result<(Intake, Self), SourceError> {
        let (folder, for_opening, now_ms) = (folder.to_owned(), settings.clone(), clock.now_ms());
        let shared = blocking(move || recovery::open(&folder, &for_opening, now_ms)).await??;
        let shared = Arc::new(shared);
        let (queue, arrivals) = mpsc::channel(QUEUED_CHUNKS);
        let room = shared.room.clone();
        let intake = Intake::new(queue, room, true, settings, limits, clock.clone());
        let writer = Writer::new(shared.clone(), arrivals, settings.clone());
        let stop = CancellationToken::new();
        let (runtime, stopped) = (tokio::runtime::Handle::current(), stop.clone());
        let writer = tokio::task::spawn_blocking(move || runtime.block_on(writer.run(stopped)));
        let journal = Self {
            source,
            safe: shared.safe.subscribe(),
            shared,
            decoder: JournalDecoder::shared(decoder),
            clock,
            fsync: settings.fsync,
            max_bytes: settings.max_bytes(),
            writer: Some(writer),
            stop: stop.drop_guard(),
            cursor: None,
            read: 0,
            reported: BTreeSet::new(),
        };
        Ok((intake, journal))
    }

    /// Reads from `from`; what is to be taken is said by `gather`.
    async fn gather(&mut self, from: u64, mut gather: Gather) -> Result<Gather, SourceError> {
        if gather.is_full() {
            return Ok(gather);
        }
        let mut reader = self.reader(from)?;
        let (gather, cursor, lost) = blocking(move || {
            let cursor = reader.read(&mut gather)?;
            Ok::<_, std::io::Error>((gather, cursor, reader.lost))
        })
        .await?
        .map_err(|error| {
            let folder = self.shared.folder.display();
            let what_to_do = match error.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
                    "; what was acknowledged stood there: put it back"
                }
                _ => "",
            };
            SourceError::Transient(format!("cannot read the journal {folder}: {error}{what_to_do}"))
        })?;
        self.cursor = cursor;
        for (first, until) in lost {
            if self.reported.insert((first, until)) {
                self.shared.damaged.fetch_add(1, Ordering::Relaxed);
                tracing::error!(
                    source = %self.source, folder = %self.shared.folder.display(), first, until,
                    "a part of the journal is damaged; its bytes become a dead letter"
                );
            }
        }
        Ok(gather)
    }

    /// A reader of what is safe now, from a position on.
    fn reader(&self, from: u64) -> Result<Reader, SourceError> {
        let state = self.shared.state();
        if from < state.gone_below() {
            return Err(SourceError::Lost(format!(
                "records {from} to {} of the journal {} are gone: they were committed and given up",
                state.gone_below(),
                self.shared.folder.display()
            )));
        }
        let known = self.cursor.filter(|cursor| cursor.position == from).and_then(|cursor| {
            let found = state.segments.binary_search_by_key(&cursor.segment, |s| s.first).ok()?;
            Some((found, (cursor.offset, cursor.seq)))
        });
        let (index, start) = known.unwrap_or_else(|| {
            let index = state.segment_of(from);
            let segment = state.segments.get(index);
            let place = segment.and_then(|segment| segment.place_before(from));
            let first = segment.map_or(from, |segment| segment.first);
            let start = place.map_or((SEGMENT_HEADER, first), |place| (place.offset, place.seq));
            (index, start)
        });
        let segments = state.segments.range(index..).map(Segment::view).collect();
        Ok(Reader { segments, start, end: state.safe, lost: Vec::new() })
    }

    async fn replay_range(&mut self, range: &Range) -> Result<Slice, SourceError> {
        let (from, until) = (sequence(&range.from)?, sequence(&range.until)?);
        let end = self.reach(until).await?;
        if end < until {
            let lost = format!(
                "records {end} to {until} of the journal {} are gone: its folder was removed or \
                 emptied, or a crash took the last writes",
                self.shared.folder.display()
            );
            if self.fsync == Fsync::Batch {
                return Err(SourceError::Lost(format!(
                    "{lost}; put the folder back, or start once with \
                     `journal = {{ fsync = \"never\" }}` to go on without them"
                )));
            }
            tracing::error!(source = %self.source, "{lost}, as `fsync` allows");
        }
        let gather = Gather::new(from, until.min(end), u64::MAX, u64::MAX);
        let gather = self.gather(from, gather).await?;
        gather.into_replay(range).map_err(|error| SourceError::Fatal(error.to_string()))
    }

    /// How far the journal goes, up to `position`; what is missing will not be given to new
    /// records, because they would never be read.
    async fn reach(&mut self, position: u64) -> Result<u64, SourceError> {
        loop {
            {
                let mut state = self.shared.state();
                if state.safe >= position {
                    return Ok(position);
                }
                if !state.writing {
                    state.floor = state.floor.max(position);
                    return Ok(state.safe);
                }
                self.safe.mark_unchanged();
            }
            if self.safe.changed().await.is_err() {
                return Err(SourceError::Fatal("the journal is closed".to_owned()));
            }
        }
    }
}

/// Runs what blocks on a thread that may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SourceError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| SourceError::Fatal(format!("reading the journal failed: {error}")))
}

#[async_trait]
impl Source for JournalSource {
    fn decoder(&self) -> Arc<dyn Decode> {
        self.decoder.clone()
    }

    async fn connect(&mut self, resume: &Resume) -> Result<(), SourceError> {
        if let Some(committed) = resume.committed.get(SPLIT) {
            self.reach(sequence(committed)?).await?;
        }
        Ok(())
    }

    async fn splits(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<Vec<SplitStatus>, SourceError> {
        let asked = next.get(SPLIT).map(sequence).transpose()?;
        let state = self.shared.state();
        let from = asked.unwrap_or_else(|| state.first());
        let end = state.safe.max(from);
        let oldest = if from < end { state.received_ms(from) } else { None };
        let status = SplitStatus {
            split: SPLIT.into(),
            generation: 0,
            start: Position::from(state.first()),
            end: Some(Position::from(end)),
            backlog: Some(end - from),
            oldest_ms: oldest.map(|time| self.clock.now_ms().saturating_sub(time)),
            phase: SplitPhase::Active,
        };
        drop(state);
        self.read = from;
        Ok(vec![status])
    }

    async fn read(
        &mut self,
        grants: &[Grant],
        _deadline: Instant,
    ) -> Result<Vec<Slice>, SourceError> {
        let mut slices = Vec::new();
        for grant in grants {
            let from = sequence(&grant.from)?;
            let safe = self.shared.state().safe;
            let gather = self.gather(from, Gather::of_grant(grant, from, safe)).await?;
            self.read = gather.next();
            let slice = gather.into_slice(&self.source, grant.generation, grant.from.clone());
            slices.extend(slice.map_err(|error| SourceError::Fatal(error.to_string()))?);
        }
        Ok(slices)
    }

    async fn replay(&mut self, ranges: &[Range]) -> Result<Vec<Slice>, SourceError> {
        let mut slices = Vec::with_capacity(ranges.len());
        for range in ranges {
            slices.push(self.replay_range(range).await?);
        }
        Ok(slices)
    }

    async fn ready(&mut self) {
        let read = self.read;
        if self.safe.wait_for(|safe| *safe > read).await.is_err() {
            std::future::pending().await
        }
    }

    async fn commit(&mut self, committed: &[Committed]) -> Result<(), SourceError> {
        for committed in committed {
            let position = sequence(&committed.position)?;
            let (dropped, used) = {
                let mut state = self.shared.state();
                (state.drop_before(position), state.frame_bytes())
            };
            self.reported.retain(|(_, until)| *until > position);
            let shared = Arc::clone(&self.shared);
            if dropped.is_empty() {
                continue;
            }
            blocking(move || {
                for segment in dropped {
                    // A file that cannot be removed is found again at the next start.
                    if let Err(error) = shared.spares.keep(&segment, used) {
                        tracing::warn!(path = %segment.path.display(), %error, "a segment stays");
                    }
                    shared.room.give_back(segment.frame_bytes());
                }
            })
            .await?;
        }
        Ok(())
    }

    fn is_crowded(&self) -> bool {
        self.shared.state().bytes_before(self.read) * 2 >= self.max_bytes
    }

    async fn close(&mut self) {
        let stop = std::mem::replace(&mut self.stop, CancellationToken::new().drop_guard());
        drop(stop);
        if let Some(writer) = self.writer.take()
            && let Err(error) = writer.await
        {
            tracing::error!(%error, "the writer of the journal ended badly");
        }
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(self.shared.clone())
    }
}
