//! What starts a batch.

use std::time::Duration;

/// What starts a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// At multiples of the interval since the Unix epoch, as in Spark. While no batch can be
    /// started, ticks that were missed merge into one.
    Interval(Duration),
    /// As soon as there is data and room for another batch.
    OnData,
    /// One batch, then the end.
    Once,
}

impl Trigger {
    /// The time, in milliseconds since the Unix epoch, of the first tick after `now_ms`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use forebay_core::trigger::Trigger;
    /// let trigger = Trigger::Interval(Duration::from_millis(500));
    /// assert_eq!(trigger.next_tick_ms(10_200), Some(10_500));
    /// assert_eq!(trigger.next_tick_ms(10_500), Some(11_000));
    /// ```
    #[must_use]
    pub fn next_tick_ms(&self, now_ms: u64) -> Option<u64> {
        match self {
            Self::Interval(interval) => {
                let step = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX).max(1);
                Some((now_ms / step).saturating_add(1).saturating_mul(step))
            }
            Self::OnData | Self::Once => None,
        }
    }
}
