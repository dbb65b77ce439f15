//! How many requests are on their way at the same time.

/// A limit that adapts itself: it grows by one for each window of answers without trouble, and
/// halves when the cluster is overloaded or does not answer in time (additive increase,
/// multiplicative decrease: Chiu and Jain, 1989, <https://doi.org/10.1016/0169-7552(89)90019-6>).
/// Until the first trouble it doubles from window to window, as TCP begins.
#[derive(Clone, Debug, PartialEq)]
pub struct InFlight {
    limit: f64,
    most: f64,
    is_starting: bool,
    /// Answers that belong to requests which were sent before the limit was cut: their trouble is
    /// the same trouble.
    deaf: usize,
}

/// The limit to begin with.
const START: f64 = 64.0;
/// The limit never falls below this.
const LEAST: f64 = 4.0;

impl InFlight {
    /// A limit that never exceeds `most`.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let most = f64::from(u32::try_from(most.max(1)).unwrap_or(u32::MAX));
        Self { limit: START.min(most), most, is_starting: true, deaf: 0 }
    }

    /// How many requests may be on their way.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between 1 and a number that came from an integer"
    )]
    pub fn limit(&self) -> usize {
        self.limit as usize
    }

    /// A request was answered. `was_full` says whether the limit held others back.
    pub fn good(&mut self, was_full: bool) {
        self.deaf = self.deaf.saturating_sub(1);
        if was_full {
            let step = if self.is_starting { 1.0 } else { 1.0 / self.limit };
            self.limit = (self.limit + step).min(self.most);
        }
    }

    /// A request was refused for overload, or not answered in time, while so many others were on
    /// their way.
    pub fn trouble(&mut self, in_flight: usize) {
        if self.deaf > 0 {
            self.deaf -= 1;
            return;
        }
        self.is_starting = false;
        self.limit = (self.limit / 2.0).max(LEAST.min(self.most));
        self.deaf = in_flight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_grows_by_one_each_window_and_halves_once_for_one_trouble() {
        let mut window = InFlight::new(1024);
        for _ in 0..64 {
            window.good(true);
        }
        assert_eq!(window.limit(), 128);
        window.trouble(127);
        assert_eq!(window.limit(), 64);
        // The others that were on their way do not count again.
        for _ in 0..127 {
            window.trouble(100);
        }
        assert_eq!(window.limit(), 64);
        window.trouble(63);
        assert_eq!(window.limit(), 32);
        for _ in 0..33 {
            window.good(true);
        }
        assert_eq!(window.limit(), 33);
        for _ in 0..1000 {
            window.good(false);
        }
        assert_eq!(window.limit(), 33);
    }

    proptest! {
        #[test]
        fn it_stays_within_its_bounds(most in 1_usize..2000, answers in prop::collection::vec(any::<bool>(), 0..3000)) {
            let mut window = InFlight::new(most);
            for good in answers {
                if good { window.good(true) } else { window.trouble(0) }
                prop_assert!((1..=most).contains(&window.limit()));
            }
        }
    }
}
