//! How a pipeline did over time, in a fixed amount of memory.

use std::collections::VecDeque;

use forebay_core::progress::{Control, LimitedBy, Progress};
use serde::Serialize;

/// The least time over which rates are counted, in milliseconds.
const WINDOW_MS: u64 = 5_000;

/// The most time over which rates are counted, where batches are rare, in milliseconds.
const LONG_WINDOW_MS: u64 = 120_000;

/// The time over which the trend of the backlog is taken, in milliseconds.
const TREND_MS: u64 = 60_000;

/// The batches of equal steps of time, the oldest forgotten first.
#[derive(Clone, Debug)]
pub struct Timeline {
    step_ms: u64,
    keep: usize,
    moments: VecDeque<Moment>,
}

/// The batches that were complete within one step.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Moment {
    /// When the step began, in milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// Batches.
    pub batches: u64,
    /// Records that were read.
    pub records: u64,
    /// Bytes of raw records that were read.
    pub bytes: u64,
    /// Rows handed to the sinks.
    pub rows: u64,
    /// Records that became dead letters.
    pub dead_letters: u64,
    /// Attempts beyond the first.
    pub retries: u64,
    /// The longest processing time, in milliseconds.
    pub processing_ms: f64,
    /// The longest scheduling delay, in milliseconds.
    pub scheduling_delay_ms: f64,
    /// The longest sum of both in one batch, in milliseconds.
    pub total_delay_ms: f64,
    /// The rate in force for the last batch, in records per second.
    pub rate: Option<f64>,
    /// What kept the last batch from being larger.
    pub limited_by: LimitedBy,
    /// Records that waited at the sources after the last batch.
    pub backlog: Option<u64>,
    /// What the controller made of the last batch.
    #[serde(skip)]
    pub control: Option<Control>,
}

impl Moment {
    fn add(&mut self, progress: &Progress, backlog: Option<u64>) {
        self.batches += 1;
        self.records += progress.records;
        self.bytes += progress.bytes;
        self.rows += progress.rows;
        self.dead_letters += progress.dead_letters;
        self.retries += progress.retries;
        self.processing_ms = self.processing_ms.max(progress.processing_ms);
        self.scheduling_delay_ms = self.scheduling_delay_ms.max(progress.scheduling_delay_ms);
        let total = progress.processing_ms + progress.scheduling_delay_ms;
        self.total_delay_ms = self.total_delay_ms.max(total);
        self.rate = progress.rate;
        self.limited_by = progress.limited_by;
        self.backlog = backlog;
        self.control.clone_from(&progress.control);
    }
}

impl Timeline {
    /// A timeline with steps of so many milliseconds, of which so many are kept.
    #[must_use]
    pub fn new(step_ms: u64, keep: usize) -> Self {
        Self { step_ms: step_ms.max(1), keep: keep.max(1), moments: VecDeque::new() }
    }

    /// Takes up a batch, and the backlog after it.
    pub fn add(&mut self, progress: &Progress, backlog: Option<u64>) {
        let time_ms = progress.time_ms - progress.time_ms % self.step_ms;
        match self.moments.back_mut() {
            // A clock that was set back goes on in the step that is open.
            Some(last) if last.time_ms >= time_ms => last.add(progress, backlog),
            _ => {
                if self.moments.len() == self.keep {
                    self.moments.pop_front();
                }
                let mut moment = Moment { time_ms, ..Moment::default() };
                moment.add(progress, backlog);
                self.moments.push_back(moment);
            }
        }
    }

    /// The length of a step, in milliseconds.
    #[must_use]
    pub fn step_ms(&self) -> u64 {
        self.step_ms
    }

    /// The steps that begin at or after a time, the oldest first. Those in which no batch was
    /// complete are not there.
    pub fn since(&self, time_ms: u64) -> impl Iterator<Item = &Moment> {
        let first = self.moments.partition_point(|moment| moment.time_ms < time_ms);
        self.moments.iter().skip(first)
    }

    /// How much of something flows per second now: counted over the last whole seconds, or over
    /// the time of two batches where these are further apart.
    #[must_use]
    pub fn per_second(&self, now_ms: u64, amount: impl Fn(&Moment) -> u64) -> f64 {
        let Some(first) = self.moments.front() else { return 0.0 };
        let this_step = now_ms - now_ms % self.step_ms;
        let window = WINDOW_MS.max(self.gap_ms().saturating_mul(2)).min(LONG_WINDOW_MS);
        let begin = this_step.saturating_sub(window).max(first.time_ms);
        let whole = this_step.saturating_sub(begin);
        let (begin, until, length) = match whole {
            // The first step is not over yet.
            0 => (first.time_ms, u64::MAX, self.step_ms),
            whole => (begin, this_step, whole),
        };
        let within = self.since(begin).take_while(|moment| moment.time_ms < until);
        within.map(amount).sum::<u64>() as f64 * 1e3 / length as f64
    }

    /// The time between one step with a batch and the next, of late.
    fn gap_ms(&self) -> u64 {
        let times: Vec<u64> = self.moments.iter().rev().take(4).map(|it| it.time_ms).collect();
        match times.as_slice() {
            [newest, .., oldest] => (newest - oldest).div_ceil(times.len() as u64 - 1),
            _ => 0,
        }
    }

    /// By how many records per second the backlog grows, below 0 where it shrinks; `None` where
    /// that cannot be told yet.
    #[must_use]
    pub fn backlog_growth(&self, now_ms: u64) -> Option<f64> {
        let known = |moment: &Moment| Some((moment.time_ms, moment.backlog?));
        let mut known = self.since(now_ms.saturating_sub(TREND_MS)).filter_map(known);
        let first = known.next()?;
        let last = known.last()?;
        let seconds = last.0.saturating_sub(first.0) as f64 / 1e3;
        (seconds > 0.0).then(|| (last.1 as f64 - first.1 as f64) / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(time_ms: u64, records: u64) -> Progress {
        Progress { time_ms, records, processing_ms: records as f64, ..Progress::default() }
    }

    #[test]
    fn the_batches_of_a_step_are_one_moment_and_the_oldest_is_forgotten() {
        let mut line = Timeline::new(1_000, 3);
        for time in [0, 400, 900, 1_000, 2_500, 2_400, 1_900, 5_000] {
            line.add(&batch(time, time + 1), Some(time));
        }
        let moments: Vec<(u64, u64, u64)> =
            line.since(0).map(|it| (it.time_ms, it.batches, it.records)).collect();
        assert_eq!(moments, [(1_000, 1, 1_001), (2_000, 3, 6_803), (5_000, 1, 5_001)]);
        assert_eq!(line.since(2_000).map(|it| it.processing_ms).sum::<f64>(), 7_502.0);
        assert_eq!(line.since(5_001).count(), 0);
    }

    #[test]
    fn rates_are_those_of_whole_seconds_or_of_rare_batches() {
        let records = |moment: &Moment| moment.records;
        let mut often = Timeline::new(1_000, 100);
        assert!(often.per_second(7, records).abs() < 1e-9);
        often.add(&batch(100, 30), None);
        assert!((often.per_second(200, records) - 30.0).abs() < 1e-9, "the first second");
        for time in 1..80 {
            often.add(&batch(time * 250, 100), None);
        }
        assert!((often.per_second(20_100, records) - 400.0).abs() < 1e-9);
        assert!(often.per_second(60_000, records).abs() < 1e-9, "nothing for a long time");

        let mut rare = Timeline::new(1_000, 100);
        for time in 1..6 {
            rare.add(&batch(time * 20_000, 1_000), None);
        }
        for now in [100_001, 105_000, 119_999] {
            let rate = rare.per_second(now, records);
            assert!((45.0..=55.0).contains(&rate), "{rate} at {now}");
        }
    }

    #[test]
    fn the_backlog_grows_or_shrinks() {
        let mut line = Timeline::new(1_000, 100);
        assert_eq!(line.backlog_growth(0), None);
        for second in 0..10 {
            line.add(&batch(second * 1_000, 1), Some(1_000 - second * 50));
        }
        assert_eq!(line.backlog_growth(10_000), Some(-50.0));
        assert_eq!(line.backlog_growth(500_000), None);
    }
}
