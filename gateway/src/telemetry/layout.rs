//! When each stage of a batch was.

use forebay_core::progress::Progress;

/// A time, from its beginning to its end, in milliseconds since the Unix epoch.
pub(super) type Period = (f64, f64);

/// When each stage of a batch was.
///
/// How long each took was measured, and when all of it was complete. Stages are laid end to end
/// before that; what is left between when the batch was due and its first stage is the scheduling
/// delay, wherever it was spent: a batch that was read early and then waited for the one before it
/// shows that wait first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Layout {
    /// From when the batch was due until it was complete.
    pub(super) whole: Period,
    /// The scheduling delay.
    pub(super) wait: Period,
    pub(super) read: Period,
    pub(super) decode: Period,
    pub(super) transform: Period,
    pub(super) write: Period,
    pub(super) commit: Period,
}

impl Layout {
    pub(super) fn of(batch: &Progress) -> Self {
        let stages = &batch.stages;
        let end = batch.time_ms as f64;
        let before = |end: f64, length: f64| (end - length.max(0.0), end);
        let commit = before(end, stages.commit_ms);
        let write = before(commit.0, stages.write_ms);
        let transform = before(write.0, stages.transform_ms);
        let decode = before(transform.0, stages.prepare_ms - stages.transform_ms);
        let read = before(decode.0, stages.read_ms);
        let wait = before(read.0, batch.scheduling_delay_ms);
        Self { whole: (wait.0, end), wait, read, decode, transform, write, commit }
    }
}

#[cfg(test)]
mod tests {
    use forebay_core::progress::Stages;

    use super::*;

    #[test]
    fn stages_lie_end_to_end_and_fill_the_total_delay() {
        let stages = Stages {
            read_ms: 10.0,
            prepare_ms: 20.0,
            transform_ms: 5.0,
            write_ms: 30.0,
            commit_ms: 1.0,
        };
        let batch = Progress {
            time_ms: 1_000,
            processing_ms: 61.0,
            scheduling_delay_ms: 39.0,
            stages,
            ..Progress::default()
        };
        let laid = Layout::of(&batch);
        assert_eq!(laid.whole, (900.0, 1_000.0));
        let parts = [laid.wait, laid.read, laid.decode, laid.transform, laid.write, laid.commit];
        assert!(parts.windows(2).all(|two| two[0].1 == two[1].0), "{parts:?}");
        let lengths = parts.map(|(begin, end)| end - begin);
        assert_eq!(lengths, [39.0, 10.0, 15.0, 5.0, 30.0, 1.0]);
    }
}
