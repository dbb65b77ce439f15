//! Which rows have to be written again after some failed.

use std::collections::BTreeMap;

use crate::deliveries::Report;
use crate::failure::Failure;

/// What has to be done about the rows of a round in which some failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remainder {
    /// Rows to write again, in order: those that failed and may be written, and those of the same
    /// partition that were written after the first such row, or the last word on a key would not
    /// be its last record.
    pub(crate) again: Vec<u32>,
    /// Those among them that may be the reason why their whole request was refused: each has to
    /// be sent in a request of its own.
    pub(crate) alone: Vec<u32>,
    /// Rows that failed on their own account.
    pub(crate) failed: Vec<Report>,
}

/// Sorts out the reports of a round. `topic` numbers the topics of rows; `is_alone` says of a row
/// that it was sent in a request of its own; `is_hopeless` of a failure that trying again is no
/// use.
pub(crate) fn remainder(
    reports: &[Report],
    topic: impl Fn(u32) -> usize,
    is_alone: impl Fn(u32) -> bool,
    is_hopeless: impl Fn(Failure) -> bool,
) -> Remainder {
    let mut result = Remainder::default();
    // The first row to write again, by topic and partition. A row that had no partition yet
    // stands for all of its topic.
    let mut first: BTreeMap<(usize, i32), u32> = BTreeMap::new();
    for report in reports {
        let Some(code) = report.error else { continue };
        let failure = Failure::of(code);
        let is_suspect = failure == Failure::Refused && !is_alone(report.row);
        let is_lost = match failure {
            Failure::Refused | Failure::Named => !is_suspect,
            other => is_hopeless(other),
        };
        if is_lost {
            result.failed.push(*report);
            continue;
        }
        if is_suspect {
            result.alone.push(report.row);
        }
        result.again.push(report.row);
        let entry = first.entry((topic(report.row), report.partition.max(-1))).or_insert(u32::MAX);
        *entry = report.row.min(*entry);
    }
    if !first.is_empty() {
        for report in reports.iter().filter(|report| report.error.is_none()) {
            let topic = topic(report.row);
            let begins = [report.partition, -1].map(|partition| first.get(&(topic, partition)));
            if begins.into_iter().flatten().any(|begin| *begin < report.row) {
                result.again.push(report.row);
            }
        }
    }
    result.again.sort_unstable();
    result.alone.sort_unstable();
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rdkafka::types::RDKafkaErrorCode as Code;

    use super::*;

    fn report(row: u32, partition: i32, error: Option<Code>) -> Report {
        Report { row, partition, error }
    }

    fn sorted_out(reports: &[Report], alone: &[u32]) -> Remainder {
        let is_hopeless = |failure| failure == Failure::NoPartition;
        remainder(reports, |row| (row / 100) as usize, |row| alone.contains(&row), is_hopeless)
    }

    #[test]
    fn what_was_written_after_a_failure_in_its_partition_is_written_again() {
        let passing = Some(Code::MessageTimedOut);
        let reports = [
            report(3, 0, passing),
            report(2, 0, None),
            report(4, 1, None),
            report(5, 0, None),
            report(105, 0, None),
        ];
        let result = sorted_out(&reports, &[]);
        assert_eq!((result.again, result.alone, result.failed), (vec![3, 5], vec![], vec![]));
    }

    #[test]
    fn a_row_without_a_partition_stands_for_its_topic() {
        let reports =
            [report(1, -1, Some(Code::MessageTimedOut)), report(2, 7, None), report(101, 7, None)];
        assert_eq!(sorted_out(&reports, &[]).again, [1, 2]);
    }

    #[test]
    fn a_refused_request_is_divided_and_a_refused_record_is_not_tried_again() {
        let large = Some(Code::MessageSizeTooLarge);
        let result =
            sorted_out(&[report(1, 0, large), report(2, 0, large), report(3, 0, None)], &[]);
        assert_eq!(
            (result.again, result.alone, result.failed),
            (vec![1, 2, 3], vec![1, 2], vec![])
        );
        let alone = [report(1, 0, None), report(2, 0, large), report(3, 0, None)];
        let result = sorted_out(&alone, &[1, 2]);
        assert_eq!((result.again, result.failed), (vec![], vec![alone[1]]));
        let named = [
            report(1, 0, Some(Code::InvalidRecord)),
            report(2, 0, Some(Code::InvalidDifferentRecord)),
        ];
        let result = sorted_out(&named, &[]);
        assert_eq!((result.again, result.failed), (vec![2], vec![named[0]]));
    }

    #[test]
    fn what_is_hopeless_takes_nobody_along() {
        let reports = [report(1, 9, Some(Code::UnknownPartition)), report(2, 9, None)];
        let result = sorted_out(&reports, &[]);
        assert_eq!((result.again, result.failed), (vec![], vec![reports[0]]));
    }

    proptest! {
        /// After rounds with any failures, the last writes of each partition are all of its rows,
        /// in order.
        #[test]
        fn the_last_word_of_each_partition_is_right(
            partitions in prop::collection::vec(0..3_i32, 1..40),
            failures in prop::collection::vec(prop::collection::vec(any::<bool>(), 40), 1..6),
        ) {
            let mut log: Vec<Vec<u32>> = vec![Vec::new(); 3];
            let mut todo: Vec<u32> = (0..partitions.len() as u32).collect();
            let mut rounds = failures.iter();
            while !todo.is_empty() {
                let round = rounds.next();
                let reports: Vec<Report> = todo.iter().map(|row| {
                    let partition = partitions[*row as usize];
                    let fails = round.is_some_and(|round| round[*row as usize]);
                    if !fails {
                        log[partition as usize].push(*row);
                    }
                    report(*row, partition, fails.then_some(Code::MessageTimedOut))
                }).collect();
                todo = sorted_out(&reports, &[]).again;
            }
            for (partition, log) in log.iter().enumerate() {
                let rows: Vec<u32> = (0..partitions.len() as u32)
                    .filter(|row| partitions[*row as usize] == partition as i32)
                    .collect();
                prop_assert!(rows.iter().all(|row| log.contains(row)));
                // For each row, whatever was written after its last writing comes after it.
                let last = |row: &u32| log.iter().rposition(|written| written == row);
                prop_assert!(rows.windows(2).all(|pair| last(&pair[0]) < last(&pair[1])));
            }
        }
    }
}
