//! What arrived of a ledger, compared with what was written.

use std::collections::HashMap;
use std::fmt;

use anyhow::{Result, ensure};

use super::ledger::{Entry, Ledger};

/// What arrived of a [`Ledger`], in the order in which it is told.
#[derive(Clone, Debug)]
pub struct Audit {
    ledger: Ledger,
    /// How often each record arrived.
    times: Vec<u32>,
    /// The latest of each key.
    latest: HashMap<String, i64>,
    findings: Findings,
}

/// How what arrived differs from what was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many different records arrived as they were written.
    pub right: u64,
    /// Records that did not arrive.
    pub lost: Vec<u64>,
    /// Records that arrived more than once.
    pub duplicated: Vec<u64>,
    /// What arrived and was never written like this.
    pub wrong: Vec<String>,
    /// Records that arrived for the first time after a later one of their key.
    pub out_of_order: Vec<u64>,
}

impl Audit {
    pub(super) fn new(ledger: Ledger) -> Self {
        let times = vec![0; usize::try_from(ledger.written()).unwrap_or(0)];
        Self { ledger, times, latest: HashMap::new(), findings: Findings::default() }
    }

    /// Takes note of a record that arrived.
    pub fn see(&mut self, entry: &Entry) {
        let number = u64::try_from(entry.number).ok().filter(|n| self.ledger.entry(*n) == *entry);
        let place = number.and_then(|number| usize::try_from(number).ok());
        let Some(times) = place.and_then(|place| self.times.get_mut(place)) else {
            return self.see_wrong(&format!("{entry:?}"));
        };
        *times += 1;
        if *times > 1 {
            return;
        }
        let latest = self.latest.entry(entry.customer.clone()).or_insert(entry.number);
        if entry.number < *latest {
            self.findings.out_of_order.extend(number);
        }
        *latest = entry.number.max(*latest);
    }

    /// Takes note of something that arrived and is no record.
    pub fn see_wrong(&mut self, what: &str) {
        self.findings.wrong.push(what.to_owned());
    }

    /// What is found in the end.
    #[must_use]
    pub fn findings(self) -> Findings {
        let mut findings = self.findings;
        for (number, times) in (0..).zip(self.times) {
            match times {
                0 => findings.lost.push(number),
                1 => findings.right += 1,
                _ => {
                    findings.right += 1;
                    findings.duplicated.push(number);
                }
            }
        }
        findings
    }
}

impl Findings {
    /// Every record arrived once, as it was written, in the order of its key.
    ///
    /// # Errors
    /// What is not so.
    pub fn exactly_once(&self) -> Result<()> {
        ensure!(self.duplicated.is_empty() && self.out_of_order.is_empty(), "{self}");
        self.at_least_once()
    }

    /// Every record arrived once, as it was written.
    ///
    /// # Errors
    /// What is not so.
    pub fn once_in_any_order(&self) -> Result<()> {
        ensure!(self.duplicated.is_empty(), "{self}");
        self.at_least_once()
    }

    /// Every record arrived as it was written, some perhaps more than once.
    ///
    /// # Errors
    /// What is not so.
    pub fn at_least_once(&self) -> Result<()> {
        ensure!(self.lost.is_empty() && self.wrong.is_empty(), "{self}");
        Ok(())
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} right", self.right)?;
        list(f, "lost", &self.lost)?;
        list(f, "duplicated", &self.duplicated)?;
        list(f, "wrong", &self.wrong)?;
        list(f, "out of order", &self.out_of_order)
    }
}

fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, what: &str, items: &[T]) -> fmt::Result {
    const SHOWN: usize = 10;
    if items.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = items.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if items.len() > SHOWN { ", ..." } else { "" };
    write!(f, "; {} {what}: {}{more}", items.len(), shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The findings when these numbers arrive of a ledger of five with one key.
    fn arriving(numbers: &[u64]) -> Findings {
        let mut ledger = Ledger::new(1);
        assert_eq!(ledger.write(5).count(), 5);
        let mut audit = ledger.audit();
        for number in numbers {
            audit.see(&ledger.entry(*number));
        }
        audit.findings()
    }

    #[test]
    fn all_in_order_is_exactly_once() {
        arriving(&[0, 1, 2, 3, 4]).exactly_once().unwrap();
    }

    #[test]
    fn a_lost_a_doubled_and_a_late_record_are_found() {
        assert_eq!(arriving(&[0, 1, 3, 4]).lost, [2]);
        assert!(arriving(&[0, 1, 3, 4]).at_least_once().is_err());
        let again = arriving(&[0, 1, 2, 0, 1, 2, 3, 4]);
        assert_eq!((again.duplicated.as_slice(), again.out_of_order.len()), (&[0, 1, 2][..], 0));
        again.at_least_once().unwrap();
        assert!(again.exactly_once().is_err());
        let late = arriving(&[0, 2, 1, 3, 4]);
        assert_eq!(late.out_of_order, [1]);
        assert!(late.exactly_once().is_err());
    }

    #[test]
    fn what_was_never_written_like_this_is_wrong() {
        assert_eq!(arriving(&[0, 1, 2, 3, 4, 5]).wrong.len(), 1);
        let mut ledger = Ledger::new(3);
        let mut entry = ledger.write(1).next().unwrap();
        entry.note.push('!');
        let mut audit = ledger.audit();
        audit.see(&entry);
        let findings = audit.findings();
        assert_eq!((findings.wrong.len(), findings.lost.as_slice()), (1, &[0][..]));
        assert!(findings.to_string().starts_with("0 right; 1 lost: 0; 1 wrong: Entry"));
    }
}
