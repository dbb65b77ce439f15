//! Reading a body within all limits.

use std::time::Duration;

use bytes::Bytes;
use forebay_core::budget::{Budget, Reservation};
use http_body_util::BodyExt;
use hyper::body::Body;

use crate::answer::Refusal;

/// How much memory is reserved at a time.
const STEP: u64 = 64 << 10;

/// For how many bytes, beyond those that have come, a place is made because they are announced.
const MOST_AHEAD: u64 = 256 << 10;

/// What a request holds of the memory that all requests share; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    budget: Budget,
    reservations: Vec<Reservation>,
    reserved: u64,
    used: u64,
}

impl Held {
    pub(crate) fn new(budget: Budget) -> Self {
        Self { budget, reservations: Vec::new(), reserved: 0, used: 0 }
    }

    /// Takes so many bytes more.
    ///
    /// # Errors
    /// There are none left.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Refusal> {
        let used = self.used + bytes as u64;
        if used > self.reserved {
            let more = (used - self.reserved).next_multiple_of(STEP);
            let reservation = self.budget.reserve(more, more).ok_or_else(Refusal::no_room)?;
            if reservation.bytes() < more {
                return Err(Refusal::no_room());
            }
            self.reserved += more;
            self.reservations.push(reservation);
        }
        self.used = used;
        Ok(())
    }
}

/// Reads a whole body. Memory is taken as it arrives, not when it is announced.
///
/// # Errors
/// It is too large, too slow, breaks off, or finds no room.
pub(crate) async fn read<B>(
    body: B,
    max: usize,
    timeout: Duration,
    held: &mut Held,
) -> Result<Vec<u8>, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    if body.size_hint().lower() > max as u64 {
        return Err(too_large(max));
    }
    tokio::time::timeout(timeout, gather(body, max, held))
        .await
        .map_err(|_| Refusal::Slow(timeout))?
}

async fn gather<B>(mut body: B, max: usize, held: &mut Held) -> Result<Vec<u8>, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Refusal::Broken(format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > max - bytes.len() {
            return Err(too_large(max));
        }
        held.take(data.len())?;
        if bytes.is_empty() {
            // What is announced may never come: until it does, the system gives no memory for it.
            let announced = body.size_hint().lower().min(MOST_AHEAD);
            bytes.reserve(data.len() + usize::try_from(announced).unwrap_or(0));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn too_large(max: usize) -> Refusal {
    Refusal::TooLarge(format!("the body is larger than the {max} bytes that are taken"))
}
