//! What a destination without a memory was given.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::expectation::Expectation;
use crate::record::{Identity, identity};

/// What a destination was given that takes whatever comes, batch by batch, by one gateway after
/// the other.
#[derive(Clone, Debug, Default)]
pub struct Deliveries {
    gateways: BTreeMap<usize, Vec<Vec<Value>>>,
}

impl Deliveries {
    /// A batch came from a gateway.
    pub fn push(&mut self, gateway: usize, batch: Vec<Value>) {
        self.gateways.entry(gateway).or_default().push(batch);
    }

    /// Fails unless each record came as it was sent, in order from each gateway, and came again only
    /// if it stood in the last `in_doubt` batches of a gateway before: those that it had not yet
    /// committed when it was killed.
    ///
    /// # Errors
    /// What is not so.
    pub fn check(&self, expectation: &Expectation, in_doubt: usize) -> Result<()> {
        let all: Vec<(PathBuf, Vec<Value>)> = self
            .gateways
            .iter()
            .map(|(gateway, batches)| (format!("gateway {gateway}").into(), batches.concat()))
            .collect();
        let mut report = expectation.compare(&all, identity);
        report.duplicated.clear();
        report.clean()?;

        let mut seen: BTreeMap<Identity, (usize, usize)> = BTreeMap::new();
        for (gateway, batches) in &self.gateways {
            for (index, batch) in batches.iter().enumerate() {
                for id in batch.iter().filter_map(identity) {
                    let Some((before, at)) = seen.insert(id.clone(), (*gateway, index)) else {
                        continue;
                    };
                    let of = self.gateways.get(&before).map_or(0, Vec::len);
                    ensure!(
                        before != *gateway && at + in_doubt >= of,
                        "{id} came in batch {at} of {of} from gateway {before}, and again from \
                         gateway {gateway}"
                    );
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;

    fn check(batches: &[(usize, &[u64])]) -> Result<()> {
        let mut expectation = Expectation::default();
        let mut deliveries = Deliveries::default();
        (1..=4).for_each(|number| expectation.once(&Record::new("a", number)));
        for (gateway, numbers) in batches {
            let values = numbers.iter().map(|number| Record::new("a", *number).value());
            deliveries.push(*gateway, values.collect());
        }
        deliveries.check(&expectation, 1)
    }

    #[test]
    fn only_what_was_in_doubt_may_come_again() {
        check(&[(0, &[1]), (0, &[2, 3]), (2, &[4])]).unwrap();
        check(&[(0, &[1]), (0, &[2, 3]), (2, &[2, 3]), (2, &[4])]).unwrap();
        assert!(check(&[(0, &[1]), (0, &[2, 3]), (2, &[1]), (2, &[4])]).is_err());
        assert!(check(&[(0, &[1, 2, 3]), (0, &[3, 4])]).is_err());
        assert!(check(&[(0, &[1, 2, 3])]).is_err());
        assert!(check(&[(0, &[1, 3]), (0, &[2, 4])]).is_err());
    }
}
