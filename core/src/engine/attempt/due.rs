//! What an attempt may do now, and when the next thing is due.

use std::time::Duration;

use tokio::time::Instant;

use crate::progress::LimitedBy;
use crate::trigger::Trigger;

use super::super::inputs::Inputs;
use super::super::outputs::Outputs;
use super::{Attempt, SYNC_EVERY};

impl Attempt {
    pub(super) fn is_done(&self) -> bool {
        self.draining
            && self.flights.is_empty()
            && self.work.is_empty()
            && self.final_settle
            && self.unsynced_since.is_none()
            && self.news.is_empty()
    }

    pub(super) fn has_room(&self) -> bool {
        self.flights.len() < self.context.settings.max_in_flight.max(1)
    }

    pub(super) fn may_read(&self) -> bool {
        !self.draining && self.inputs.is_some() && self.replays.is_empty() && self.has_room()
    }

    pub(super) fn may_check_settling(&self) -> bool {
        !self.draining
            && self.flights.is_empty()
            && self.outputs.as_ref().is_some_and(Outputs::is_unsettled)
    }

    /// When what was recorded has to be synced.
    pub(super) fn sync_at(&self) -> Option<Instant> {
        let is_urgent = self.draining || self.inputs.as_ref().is_some_and(Inputs::are_in_a_hurry);
        let wait = if is_urgent { Duration::ZERO } else { SYNC_EVERY };
        self.unsynced_since.map(|since| since + wait)
    }

    /// Whether the next batch begins when there is data, and not at a tick.
    pub(super) fn waits_for_data(&self) -> bool {
        self.context.settings.trigger == Trigger::OnData
            && !self.context.settings.available_now
            && !self.paused
    }

    /// When the next batch begins, where that is a matter of time.
    pub(super) fn tick(&self) -> Instant {
        // What bounds a batch is a rate, whose time has to come, or its size: then the rest is there
        // and need not wait.
        let at_once = match self.last_limit {
            LimitedBy::BatchSize | LimitedBy::Memory => true,
            LimitedBy::Available => self.context.settings.available_now,
            LimitedBy::Configured | LimitedBy::Controller => false,
        };
        let has_ticks = matches!(self.context.settings.trigger, Trigger::Interval(_));
        if !has_ticks || at_once {
            return self.not_before;
        }
        let now_ms = self.context.clock.now_ms();
        Instant::now() + Duration::from_millis(self.tick_ms.saturating_sub(now_ms))
    }
}
