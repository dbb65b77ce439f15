//! What a connection holds of the memory that all connections share.

use forebay_core::budget::{Budget, Reservation};

/// How much memory is reserved at a time.
const STEP: u64 = 64 << 10;

/// What a connection holds of the memory that all connections share; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    budget: Budget,
    reservations: Vec<Reservation>,
    reserved: u64,
}

impl Held {
    pub(crate) fn new(budget: Budget) -> Self {
        Self { budget, reservations: Vec::new(), reserved: 0 }
    }

    /// Holds at least so many bytes in all, if there is room for them.
    pub(crate) fn grow(&mut self, bytes: u64) -> bool {
        if bytes <= self.reserved {
            return true;
        }
        let more = (bytes - self.reserved).next_multiple_of(STEP);
        match self.budget.reserve(more, more) {
            Some(reservation) if reservation.bytes() >= more => {
                self.reserved += more;
                self.reservations.push(reservation);
                true
            }
            _ => false,
        }
    }

    /// Gives all of it back.
    pub(crate) fn release(&mut self) {
        self.reservations.clear();
        self.reserved = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_held_beyond_what_all_share() {
        let budget = Budget::new(4 * STEP);
        let (mut one, mut other) = (Held::new(budget.clone()), Held::new(budget.clone()));
        assert!(one.grow(1) && one.grow(STEP) && other.grow(2 * STEP + 1));
        assert_eq!(budget.used(), 4 * STEP);
        assert!(!one.grow(STEP + 1));
        other.release();
        assert!(one.grow(4 * STEP) && !other.grow(1));
        drop(one);
        assert_eq!(budget.used(), 0);
    }
}
