//! The bytes that a journal may hold.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bytes that a journal may hold. Who comes first is served first.
#[derive(Debug)]
pub(crate) struct Room {
    free: Arc<Semaphore>,
    /// Bytes that are held beyond the bound, because it was lowered: given back first.
    debt: Mutex<u64>,
}

impl Room {
    /// Room for `max` bytes, `used` of which are taken.
    pub(crate) fn new(max: u64, used: u64) -> Self {
        let free = usize::try_from(max.saturating_sub(used)).unwrap_or(usize::MAX);
        Self {
            free: Arc::new(Semaphore::new(free.min(Semaphore::MAX_PERMITS))),
            debt: Mutex::new(used.saturating_sub(max)),
        }
    }

    /// Takes room, waiting for it; `None` once the room is closed.
    pub(crate) async fn take(&self, bytes: u32) -> Option<OwnedSemaphorePermit> {
        self.free.clone().acquire_many_owned(bytes).await.ok()
    }

    /// Takes room if there is some now.
    pub(crate) fn try_take(&self, bytes: u32) -> Option<OwnedSemaphorePermit> {
        self.free.clone().try_acquire_many_owned(bytes).ok()
    }

    /// Gives back room whose permit was forgotten.
    pub(crate) fn give_back(&self, bytes: u64) {
        let mut debt = self.debt.lock().unwrap_or_else(PoisonError::into_inner);
        let paid = bytes.min(*debt);
        *debt -= paid;
        self.free.add_permits(usize::try_from(bytes - paid).unwrap_or(0));
    }

    /// Bytes that are free now.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn free(&self) -> usize {
        self.free.available_permits()
    }

    /// Sends away all who wait.
    pub(crate) fn close(&self) {
        self.free.close();
    }
}

#[cfg(test)]
mod tests {
    use super::Room;

    #[test]
    fn what_is_held_beyond_the_bound_is_given_back_before_there_is_room() {
        let room = Room::new(100, 130);
        assert!(room.try_take(1).is_none());
        room.give_back(30);
        assert!(room.try_take(1).is_none());
        room.give_back(30);
        let permit = room.try_take(30);
        assert!(permit.is_some());
        assert_eq!(room.free(), 0);
        drop(permit);
        assert_eq!(room.free(), 30);
    }
}
