//! Leases as rows of DynamoDB, in the schema of the Kinesis Client Library
//! ([DynamoDBLeaseSerializer](https://github.com/awslabs/amazon-kinesis-client/blob/v3.0.3/amazon-kinesis-client/src/main/java/software/amazon/kinesis/leases/dynamodb/DynamoDBLeaseSerializer.java)).

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use forebay_core::SplitId;

use super::lease::{Lease, Mark};
use crate::aggregate::HashRange;

/// The hash key of the table.
pub(super) const KEY: &str = "leaseKey";
pub(super) const OWNER: &str = "leaseOwner";
const COUNTER: &str = "leaseCounter";
const CHECKPOINT: &str = "checkpoint";
const SUB: &str = "checkpointSubSequenceNumber";
const SWITCHES: &str = "ownerSwitchesSinceCheckpoint";
const PARENTS: &str = "parentShardId";
const FIRST_HASH: &str = "startingHashKey";
const LAST_HASH: &str = "endingHashKey";
/// What kind of row it is: version 3 of the library keeps others beside the leases.
const KIND: &str = "entityType";
const KIND_OF_LEASES: &str = "LEASE";
/// Our own, which the library leaves as it is: from when on a shard is read that begins with the
/// latest record.
const LATEST_SINCE: &str = "latestSinceMillis";
/// What stands between the parts of a key where one table has the leases of several streams.
const STREAMS: char = ':';

pub(super) type Row = HashMap<String, AttributeValue>;

pub(super) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(super) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn texts(ids: &[SplitId]) -> AttributeValue {
    AttributeValue::Ss(ids.iter().map(|id| id.as_str().to_owned()).collect())
}

fn text_of<'a>(row: &'a Row, name: &str) -> Option<&'a str> {
    row.get(name)?.as_s().ok().map(String::as_str)
}

fn number_of<T: std::str::FromStr>(row: &Row, name: &str) -> Option<T> {
    row.get(name)?.as_n().ok()?.parse().ok()
}

/// The lease in a row; none in those of another kind.
///
/// # Errors
/// If it is a lease, and says what is not understood.
pub(super) fn lease(row: &Row) -> Result<Option<Lease>, String> {
    let is_lease = match text_of(row, KIND) {
        Some(kind) => kind == KIND_OF_LEASES,
        None => row.contains_key(COUNTER) && row.contains_key(CHECKPOINT),
    };
    if !is_lease {
        return Ok(None);
    }
    let key = text_of(row, KEY).unwrap_or_default();
    if key.is_empty() || key.contains(STREAMS) {
        return Err(format!(
            "the lease `{key}` is of an application that reads several streams: give this one a \
             table of its own"
        ));
    }
    let wrong = |what: &str| format!("the lease `{key}` has no `{what}` that is understood");
    let hashes = text_of(row, FIRST_HASH).zip(text_of(row, LAST_HASH)).and_then(|(first, last)| {
        Some(HashRange { first: first.parse().ok()?, last: last.parse().ok()? })
    });
    let parents = row.get(PARENTS).and_then(|parents| parents.as_ss().ok());
    let parents = parents.into_iter().flatten().map(|id| SplitId::from(id.as_str())).collect();
    let checkpoint = text_of(row, CHECKPOINT);
    let mark = checkpoint.and_then(|it| Mark::parse(it, number_of(row, SUB).unwrap_or(0)));
    let mark = match mark.ok_or_else(|| wrong(CHECKPOINT))? {
        Mark::Latest(_) => Mark::Latest(number_of(row, LATEST_SINCE)),
        mark => mark,
    };
    Ok(Some(Lease {
        shard: key.into(),
        owner: text_of(row, OWNER).map(str::to_owned),
        counter: number_of(row, COUNTER).ok_or_else(|| wrong(COUNTER))?,
        mark,
        parents,
        hashes,
    }))
}

/// The row of a lease that nobody holds.
pub(super) fn row(lease: &Lease) -> Row {
    let (checkpoint, sub) = lease.mark.attributes();
    let mut row = Row::from([
        (KEY.to_owned(), text(lease.shard.as_str())),
        (COUNTER.to_owned(), number(lease.counter)),
        (CHECKPOINT.to_owned(), text(checkpoint)),
        (SUB.to_owned(), number(sub)),
        (SWITCHES.to_owned(), number(0)),
        (KIND.to_owned(), text(KIND_OF_LEASES)),
    ]);
    if let Mark::Latest(Some(since)) = lease.mark {
        row.insert(LATEST_SINCE.to_owned(), AttributeValue::N(since.to_string()));
    }
    if !lease.parents.is_empty() {
        row.insert(PARENTS.to_owned(), texts(&lease.parents));
    }
    if let Some(hashes) = lease.hashes {
        row.insert(FIRST_HASH.to_owned(), text(&hashes.first.to_string()));
        row.insert(LAST_HASH.to_owned(), text(&hashes.last.to_string()));
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Lease {
        Lease {
            shard: "shardId-000000000002".into(),
            owner: None,
            counter: 24,
            mark: Mark::parse("4959", 3).unwrap(),
            parents: vec!["shardId-000000000000".into()],
            hashes: Some(HashRange::ALL),
        }
    }

    #[test]
    fn a_lease_is_a_row_of_the_client_librarys_table() {
        let mut row = row(&example());
        assert_eq!(lease(&row), Ok(Some(example())));
        assert_eq!(row[LAST_HASH].as_s().unwrap(), "340282366920938463463374607431768211455");
        assert_eq!(row["checkpoint"].as_s().unwrap(), "4959");
        row.insert(OWNER.to_owned(), text("w1"));
        assert!(lease(&row).unwrap().unwrap().is_of("w1"));
        // Versions 1 and 2 have no kind; other kinds are no leases.
        row.remove(KIND);
        assert!(lease(&row).unwrap().is_some());
        row.insert(KIND.to_owned(), text("LEADER"));
        assert_eq!(lease(&row), Ok(None));
        assert_eq!(lease(&Row::from([(KEY.to_owned(), text("Migration3.0"))])), Ok(None));
    }

    #[test]
    fn when_latest_was_is_kept() {
        let latest = Lease { mark: Mark::Latest(Some(17)), ..example() };
        assert_eq!(lease(&row(&latest)), Ok(Some(latest)));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let mut row = row(&example());
        row.insert(CHECKPOINT.to_owned(), text("DROPPED"));
        assert!(lease(&row).unwrap_err().contains("`checkpoint`"));
        row.insert(CHECKPOINT.to_owned(), text("1"));
        row.insert(COUNTER.to_owned(), text("1"));
        assert!(lease(&row).unwrap_err().contains("`leaseCounter`"));
        row.insert(KEY.to_owned(), text("1:orders:5:shardId-000000000002"));
        assert!(lease(&row).unwrap_err().contains("several streams"));
    }
}
