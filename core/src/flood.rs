//! Saying the same thing once, not a thousand times.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long the same message is not shown again.
const QUIET: Duration = Duration::from_secs(30);
/// How many different messages are remembered.
const REMEMBERED: usize = 64;

/// Lets a message through once in a while, and counts how often it was held back.
#[derive(Debug, Default)]
pub struct Flood {
    seen: HashMap<String, Seen>,
}

#[derive(Debug)]
struct Seen {
    shown: Instant,
    held_back: u64,
}

impl Flood {
    /// Whether to show the message now, and how often it was held back before. Messages that
    /// differ in numbers alone count as the same.
    pub fn admit(&mut self, message: &str, now: Instant) -> Option<u64> {
        let key: String =
            message.chars().filter(|character| !character.is_ascii_digit()).take(400).collect();
        if let Some(seen) = self.seen.get_mut(&key) {
            if now.saturating_duration_since(seen.shown) < QUIET {
                seen.held_back += 1;
                return None;
            }
            seen.shown = now;
            return Some(std::mem::take(&mut seen.held_back));
        }
        if self.seen.len() >= REMEMBERED {
            let oldest = self.seen.iter().min_by_key(|(_, seen)| seen.shown);
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                self.seen.remove(&key);
            }
        }
        self.seen.insert(key, Seen { shown: now, held_back: 0 });
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_message_is_shown_once_in_a_while() {
        let mut flood = Flood::default();
        let start = Instant::now();
        assert_eq!(flood.admit("down after 3ms", start), Some(0));
        assert_eq!(flood.admit("down after 12ms", start), None);
        assert_eq!(flood.admit("up", start), Some(0));
        assert_eq!(flood.admit("down after 4ms", start + QUIET), Some(1));
        assert_eq!(flood.admit("down after 4ms", start + QUIET * 2), Some(0));
    }

    #[test]
    fn it_does_not_grow_without_bound() {
        let mut flood = Flood::default();
        let start = Instant::now();
        for index in 0..1000_u32 {
            let word: String =
                (0..10).map(|bit| if index >> bit & 1 == 1 { 'a' } else { 'b' }).collect();
            flood.admit(&word, start + Duration::from_millis(index.into()));
        }
        assert_eq!(flood.seen.len(), REMEMBERED);
    }
}
