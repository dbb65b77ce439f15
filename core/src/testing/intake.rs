//! An intake whose other side is a test.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::BinaryArray;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::clock::SystemClock;
use crate::dead_letter::Reason;
use crate::journal::{Append, Durability, Intake, JournalSettings, Limits, Refused, Room};
use crate::receiver::Chunk;
use crate::units::ByteSize;

/// The room of a test's intake, in bytes.
const ROOM: u32 = 96 << 20;

/// What a client gave, of a value as it is stored.
pub type Reading = fn(&[u8]) -> Vec<u8>;

/// What a receiver stored.
#[derive(Debug)]
pub struct Caught {
    reading: Reading,
    arrivals: mpsc::Receiver<Append>,
    room: Arc<Room>,
    held: Option<OwnedSemaphorePermit>,
}

/// One chunk that a receiver stored.
#[derive(Debug)]
pub struct Arrival {
    /// The records.
    pub chunk: Chunk,
    /// Why they were refused, if they came by [`Intake::reject`].
    pub reason: Option<Reason>,
    reading: Reading,
    reply: Option<oneshot::Sender<Result<(), Refused>>>,
}

impl Arrival {
    /// The values, as they are [read](Caught::reading).
    #[must_use]
    pub fn values(&self) -> Vec<Vec<u8>> {
        self.chunk.values.iter().flatten().map(self.reading).collect()
    }

    /// Answers the receiver: safe, or not. Without effect if the intake answers by itself.
    /// Dropped without an answer, the receiver is told [`Refused::Closed`].
    pub fn answer(self, answer: Result<(), Refused>) {
        if let Some(reply) = self.reply {
            let _ = reply.send(answer);
        }
    }
}

/// An intake that says at once that a chunk is safe, and what it caught. There is room for 1024
/// chunks.
#[must_use]
pub fn intake() -> (Intake, Caught) {
    build(false)
}

/// An intake that says that a chunk is safe when the test does so, by [`Arrival::answer`].
#[must_use]
pub fn manual_intake() -> (Intake, Caught) {
    build(true)
}

fn build(acknowledged: bool) -> (Intake, Caught) {
    let settings = JournalSettings {
        durability: Durability::Memory,
        max_bytes: Some(ByteSize(u64::from(ROOM))),
        ..JournalSettings::default()
    };
    let (queue, arrivals) = mpsc::channel(1024);
    let room = Arc::new(Room::new(u64::from(ROOM), 0));
    let intake = Intake::new(
        queue,
        room.clone(),
        acknowledged,
        &settings,
        Limits::default(),
        SystemClock::shared(),
    );
    (intake, Caught { reading: <[u8]>::to_vec, arrivals, room, held: None })
}

impl Caught {
    /// The same, for a receiver that stores more than what a client gave: values are read so. By
    /// default they are taken as they are.
    #[must_use]
    pub fn reading(self, reading: Reading) -> Self {
        Self { reading, ..self }
    }

    /// The next chunk, waiting for it up to ten seconds; `None` if none came or none can come.
    pub async fn next(&mut self) -> Option<Arrival> {
        let arrival = tokio::time::timeout(Duration::from_secs(10), self.arrivals.recv()).await;
        Some(self.arrival(arrival.ok().flatten()?))
    }

    /// All chunks that have arrived, without waiting.
    pub fn drain(&mut self) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        while let Ok(append) = self.arrivals.try_recv() {
            arrivals.push(self.arrival(append));
        }
        arrivals
    }

    /// The values of the next records that were stored or rejected, at least so many, waiting for
    /// each chunk up to ten seconds; fewer if no more came. Each is answered with "safe".
    pub async fn values(&mut self, records: usize) -> Vec<Vec<u8>> {
        let mut values = Vec::new();
        while values.len() < records {
            let Some(arrival) = self.next().await else { break };
            values.extend(arrival.values());
            arrival.answer(Ok(()));
        }
        values
    }

    /// Takes all room: `store` waits and `offer` is refused from now on.
    pub fn fill(&mut self) {
        let free = u32::try_from(self.room.free()).unwrap_or(0);
        self.held = self.room.try_take(free);
    }

    /// Gives the room back that [`fill`](Self::fill) took.
    pub fn make_room(&mut self) {
        self.held = None;
    }

    /// Takes nothing any more: the intake answers [`Refused::Closed`].
    pub fn close(&mut self) {
        self.arrivals.close();
        self.room.close();
    }

    fn arrival(&self, append: Append) -> Arrival {
        let Append { chunk, reason, reply, .. } = append;
        Arrival { chunk, reason, reading: self.reading, reply }
    }
}

/// A chunk of these values, from no one in particular.
#[must_use]
pub fn chunk<V: AsRef<[u8]>>(values: impl IntoIterator<Item = V>) -> Chunk {
    let values = BinaryArray::from_iter_values(values);
    Chunk { values, peer: Arc::from(""), attributes: Vec::new() }
}
