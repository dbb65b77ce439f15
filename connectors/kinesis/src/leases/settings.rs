//! The terms on which leases are held.

use std::time::Duration;

use crate::family::Begin;

/// What an owner is early by, and an observer late: as in the client library.
const EPSILON: Duration = Duration::from_millis(25);
/// What stands between the name of a worker and what tells its lives apart.
const LIFE: char = '/';

/// The terms on which leases are held.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The name of this worker in this life: what the table has as an owner.
    pub(crate) me: String,
    /// How long a counter stands still until the lease is free.
    pub(crate) failover: Duration,
    /// Between two writes of a position.
    pub(crate) commit_interval: Duration,
    /// Leases that this worker holds, at most.
    pub(crate) most: usize,
    /// Where reading begins when the table is empty.
    pub(crate) begin: Begin,
}

impl Settings {
    /// The name of a worker in a life that has just begun: no other life has it, so that what an
    /// earlier one still writes is refused.
    pub(crate) fn new_life(worker: &str) -> String {
        format!("{worker}{LIFE}{:08x}", fastrand::u32(..))
    }

    /// Whether an owner is this worker in another life.
    pub(crate) fn is_other_life(&self, owner: &str) -> bool {
        let name = |owner: &str| owner.rsplit_once(LIFE).map(|(name, _)| name.to_owned());
        owner != self.me && name(owner).is_some() && name(owner) == name(&self.me)
    }

    /// Between two renewals.
    pub(crate) fn between_renewals(&self) -> Duration {
        (self.failover / 3).saturating_sub(EPSILON)
    }

    /// Between two looks at the table. The client library looks as seldom as it takes from others;
    /// who looks more often finds sooner what is free.
    pub(crate) fn between_looks(&self) -> Duration {
        self.failover / 2
    }

    /// Between two leases that are taken from somebody who holds them.
    pub(crate) fn between_thefts(&self) -> Duration {
        2 * (self.failover + EPSILON)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_are_told_apart() {
        let me = Settings::new_life("gateway/1");
        assert_ne!(me, Settings::new_life("gateway/1"));
        let settings = Settings {
            me: me.clone(),
            failover: Duration::from_secs(10),
            commit_interval: Duration::from_secs(1),
            most: 1,
            begin: Begin::TrimHorizon,
        };
        assert!(settings.is_other_life("gateway/1/00000000"));
        for other in ["gateway/2/00000000", "gateway/1", "host:0-1", &me] {
            assert!(!settings.is_other_life(other), "{other}");
        }
        // The client library's own numbers.
        assert_eq!(settings.between_renewals().as_millis(), 3308);
        assert_eq!(settings.between_thefts().as_millis(), 20050);
    }
}
