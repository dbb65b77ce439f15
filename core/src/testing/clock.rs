//! A clock that follows tokio's, which tests can pause.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Clock;

/// A clock that follows tokio's: under `start_paused`, time passes only when all wait.
#[derive(Clone, Copy, Debug)]
pub struct PausedClock {
    started: Instant,
}

impl PausedClock {
    /// A clock that begins at a whole second.
    #[must_use]
    pub fn shared() -> Arc<dyn Clock> {
        Arc::new(Self { started: Instant::now() })
    }
}

impl Clock for PausedClock {
    fn now_ms(&self) -> u64 {
        1_700_000_000_000 + u64::try_from(self.started.elapsed().as_millis()).unwrap_or(0)
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
