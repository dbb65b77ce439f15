//! Protocols of clients that were looked at.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::rpc::Hash;

/// How many are remembered: as many as there may be builds of Flume around.
const MOST: usize = 64;

/// The hashes of clients' protocols that mean what ours means: a client whose hash is here need not
/// send its text, which costs it a second trip on each new connection.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<VecDeque<Hash>>);

impl Known {
    pub(crate) fn contains(&self, hash: &Hash) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(hash)
    }

    /// Remembers one, and forgets the oldest if there are too many.
    pub(crate) fn insert(&self, hash: Hash) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(&hash) {
            known.push_back(hash);
            if known.len() > MOST {
                known.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_remembered_than_there_may_be() {
        let known = Known::default();
        for number in 0..=MOST {
            known.insert([u8::try_from(number).unwrap(); 16]);
            known.insert([u8::try_from(number).unwrap(); 16]);
        }
        assert!(!known.contains(&[0; 16]));
        assert!(known.contains(&[1; 16]) && known.contains(&[u8::try_from(MOST).unwrap(); 16]));
    }
}
