//! Appends to the journal: what arrives together is written and synced together.

use std::io;
use std::sync::Arc;

use arrow::array::Array;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::durable_file::DurableFile;
use crate::journal::append::Append;
use crate::journal::intake::Refused;
use crate::journal::settings::{Fsync, JournalSettings};

use super::frame::{Frame, HEADER};
use super::recovery::create;
use super::segment::{Place, Segment};
use super::shared::Shared;

/// The most chunks that share one write.
const GROUP_CHUNKS: usize = 1_024;
/// The most bytes that share one write, but for its last chunk.
const GROUP_BYTES: usize = 8 << 20;

/// Appends to the journal, on a thread of its own.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    arrivals: mpsc::Receiver<Append>,
    settings: JournalSettings,
    /// The segment that is written to.
    segment: Segment,
    /// Its file; `None` before the first write and after a failure.
    file: Option<DurableFile>,
    /// The sequence number of the next record.
    next: u64,
    /// Frames that are yet to be written.
    buffer: Vec<u8>,
    /// The chunks of these frames.
    buffered: Vec<(Append, Place)>,
    /// When what was written has to be synced, with `fsync = "interval"`.
    sync_due: Option<Instant>,
    /// Whether the last attempt failed: the first failure is logged, and the end of all.
    failing: bool,
}

impl Writer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        arrivals: mpsc::Receiver<Append>,
        settings: JournalSettings,
    ) -> Self {
        let state = shared.state();
        let next = state.safe;
        let segment = state
            .segments
            .back()
            .map_or_else(|| Segment::new(&shared.folder, next, next), Segment::view);
        drop(state);
        Self {
            shared,
            arrivals,
            settings,
            segment,
            file: None,
            next,
            buffer: Vec::new(),
            buffered: Vec::new(),
            sync_due: None,
            failing: false,
        }
    }

    /// Writes until `stop` is cancelled or nobody is left who could store, then what arrived
    /// until then.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut group = Vec::new();
        loop {
            let due = self.sync_due;
            let sync_due = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                count = self.arrivals.recv_many(&mut group, GROUP_CHUNKS) => {
                    if count == 0 {
                        break;
                    }
                    self.write(&mut group);
                }
                () = sync_due => self.sync_interval(),
                () = stop.cancelled(), if !self.arrivals.is_closed() => {
                    self.shared.room.close();
                    self.arrivals.close();
                }
            }
            if self.sync_due.is_some_and(|due| due <= Instant::now()) {
                self.sync_interval();
            }
        }
        if self.sync_due.is_some() {
            self.sync_interval();
        }
        if let Err(error) = self.end() {
            self.report(&error);
        }
        self.shared.spares.clear();
    }

    /// Cuts off what stands behind the last frame, in a file that was written over.
    fn end(&mut self) -> io::Result<()> {
        let Some(file) = self.file.as_mut().filter(|_| self.segment.is_over) else {
            return Ok(());
        };
        file.cut(self.segment.len)?;
        match self.settings.fsync {
            Fsync::Batch | Fsync::Interval => file.sync(),
            Fsync::Never => Ok(()),
        }
    }

    /// Writes a group of chunks and answers each.
    fn write(&mut self, group: &mut Vec<Append>) {
        let floor = {
            let mut state = self.shared.state();
            state.writing = true;
            state.floor
        };
        for append in group.drain(..) {
            let bytes = append.permit.num_permits() as u64;
            if let Err(error) = self.make_ready(bytes, floor) {
                self.report(&error);
                refuse(append, &error);
                continue;
            }
            let Append { chunk, reason, received_ms, .. } = &append;
            let (seq, received_ms) = (self.next, *received_ms);
            let offset = self.segment.len + self.buffer.len() as u64;
            let continues = !self.buffered.is_empty();
            let frame = Frame { chunk, reason: reason.as_ref(), continues, seq, received_ms };
            frame.encode(self.segment.salt, &mut self.buffer);
            self.next += append.chunk.values.len() as u64;
            self.buffered.push((append, Place { seq, offset, received_ms }));
            if self.buffer.len() >= GROUP_BYTES {
                self.flush();
            }
        }
        self.flush();
        self.shared.state().writing = false;
        self.shared.safe.send_modify(|safe| *safe = self.next);
    }

    /// Sees to it that there is a segment with room for a frame, and a file that is whole.
    fn make_ready(&mut self, bytes: u64, floor: u64) -> io::Result<()> {
        let held = self.segment.len + self.buffer.len() as u64;
        let is_full =
            self.next > self.segment.first && held + bytes > self.settings.segment_bytes();
        if is_full || floor > self.next {
            self.flush();
            // A segment is left whole, or its refused frames would be met again in reading.
            self.mend()?;
            self.roll(floor)?;
        }
        self.mend()
    }

    /// Opens the file of the segment if that is due, and cuts off what a failure may have left
    /// behind the last frame that was acknowledged.
    fn mend(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            let mut file = DurableFile::reopen(&self.segment.path).map_err(gone)?;
            file.cut(self.segment.len)?;
            self.file = Some(file);
        }
        Ok(())
    }

    /// Begins a new segment.
    fn roll(&mut self, floor: u64) -> io::Result<()> {
        if self.sync_due.is_some() {
            self.sync_interval();
        }
        let first = self.next.max(floor);
        if first == self.segment.first {
            return Ok(());
        }
        self.end()?;
        let mut segment = Segment::new(&self.shared.folder, first, self.next);
        self.file = Some(self.begin(&mut segment)?);
        self.next = first;
        let mut state = self.shared.state();
        state.segments.push_back(segment.view());
        state.safe = first;
        self.segment = segment;
        Ok(())
    }

    /// Makes the file of a segment, of a spare one if there is one; durable on return.
    fn begin(&self, segment: &mut Segment) -> io::Result<DurableFile> {
        segment.is_over = true;
        if let Some(file) = self.shared.spares.reuse(segment) {
            return Ok(file);
        }
        segment.is_over = false;
        create(segment).inspect_err(|_| drop(std::fs::remove_file(&segment.path)))
    }

    /// Writes what is buffered, makes it as safe as was promised, and answers.
    fn flush(&mut self) {
        if self.buffered.is_empty() {
            return;
        }
        match self.append() {
            Ok(()) => self.acknowledge(),
            Err(error) => {
                self.report(&error);
                self.give_up(&error);
            }
        }
        self.buffer.clear();
        if self.buffer.capacity() > 4 * GROUP_BYTES {
            self.buffer = Vec::new();
        }
    }

    fn report(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::error!(
                path = %self.segment.path.display(), %error,
                "cannot write the journal: until it can be, what arrives is refused"
            );
        }
    }

    fn append(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let at = self.segment.len;
        if self.segment.is_over {
            // The first header last: where a crash tears this, what stood there before stays, and
            // nothing says that it does but a header that is missing.
            let (header, rest) = self.buffer.split_at(HEADER);
            file.write_at(at + HEADER as u64, rest)?;
            file.write_at(at, header)?;
        } else {
            file.write_at(at, &self.buffer)?;
        }
        match self.settings.fsync {
            Fsync::Batch => file.sync()?,
            Fsync::Interval => {
                let due = Instant::now() + self.settings.fsync_interval.0;
                self.sync_due.get_or_insert(due);
            }
            Fsync::Never => {}
        }
        match file.is_at(&self.segment.path)? {
            true => Ok(()),
            false => Err(gone(io::ErrorKind::NotFound.into())),
        }
    }

    fn acknowledge(&mut self) {
        if std::mem::take(&mut self.failing) {
            tracing::info!(path = %self.segment.path.display(), "the journal can be written again");
        }
        self.segment.len += self.buffer.len() as u64;
        {
            let mut state = self.shared.state();
            state.safe = self.next;
            if let Some(segment) = state.segments.back_mut() {
                segment.len = self.segment.len;
                self.buffered.iter().for_each(|(_, place)| segment.remember(*place));
            }
        }
        self.shared.safe.send_modify(|safe| *safe = self.next);
        for (append, _) in self.buffered.drain(..) {
            append.permit.forget();
            if let Some(reply) = append.reply {
                // Whoever does not wait for the answer any more needs none.
                let _ = reply.send(Ok(()));
            }
        }
    }

    /// Nothing of what is buffered counts as written.
    fn give_up(&mut self, error: &io::Error) {
        let cut = self.file.as_mut().map(|file| file.cut(self.segment.len));
        if let Some(Err(error)) = cut {
            tracing::error!(path = %self.segment.path.display(), %error, "cannot cut the journal back");
        }
        self.file = None;
        if let Some((_, first)) = self.buffered.first() {
            self.next = first.seq;
        }
        for (append, _) in self.buffered.drain(..) {
            refuse(append, error);
        }
    }

    fn sync_interval(&mut self) {
        self.sync_due = None;
        if let Some(Err(error)) = self.file.as_mut().map(DurableFile::sync) {
            tracing::error!(
                path = %self.segment.path.display(), %error,
                "cannot sync the journal: a loss of power may lose what was acknowledged"
            );
        }
    }
}

/// What a segment that is not there means. It is not made anew: its records would be missing.
fn gone(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => io::Error::new(
            error.kind(),
            "its folder was removed, renamed or emptied; put it back, or restart the gateway to \
             go on without what was in it",
        ),
        _ => error,
    }
}

fn refuse(append: Append, error: &io::Error) {
    if let Some(reply) = append.reply {
        let _ = reply.send(Err(Refused::Failed(error.to_string())));
    }
}
