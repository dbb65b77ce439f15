//! One JSON line per batch.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use forebay_core::progress::{Event, Listener};

use super::board::Board;

/// Writes one JSON line per batch, and tells the board.
pub struct ProgressLines {
    board: Arc<Board>,
    out: Mutex<Box<dyn Write + Send>>,
}

impl ProgressLines {
    /// Writes to `out`.
    #[must_use]
    pub fn new(board: Arc<Board>, out: Box<dyn Write + Send>) -> Self {
        Self { board, out: Mutex::new(out) }
    }
}

impl Listener for ProgressLines {
    fn on_event(&self, event: &Event) {
        self.board.on_event(event);
        let Event::Progress(progress) = event else { return };
        let Ok(mut line) = serde_json::to_vec(&**progress) else { return };
        line.push(b'\n');
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // Who reads the lines may leave; that is no reason to stop moving records.
        let _ = out.write_all(&line).and_then(|()| out.flush());
    }
}
