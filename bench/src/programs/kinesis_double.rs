//! What Kinesis answers to who writes, without Kinesis: at once, and nothing is kept.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::HeaderMap;
use memchr::memmem::Finder;

use crate::tally::Tally;

/// What says which call it is: with it begins a name such as `Kinesis_20131202.PutRecords`.
const TARGET: &str = "x-amz-target";

const PUT_RECORDS: &str = ".PutRecords";

/// How the data of a record begins in a call, as the SDK writes it: in Base64.
static DATA: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\"Data\":\""));

/// As much of the data as holds the number of an order.
const NUMBER: usize = 24;

/// What became of a record.
const TAKEN: &str = "{\"SequenceNumber\":\
                     \"49590338271490256608559692538361571095921575989136588898\",\
                     \"ShardId\":\"shardId-000000000000\"}";

/// A stream that takes records.
const SUMMARY: &str = "{\"StreamDescriptionSummary\":{\"StreamName\":\"bench\",\"StreamARN\":\
                       \"arn:aws:kinesis:us-east-1:000000000000:stream/bench\",\"StreamStatus\":\
                       \"ACTIVE\",\"RetentionPeriodHours\":24,\"StreamCreationTimestamp\":\
                       1700000000,\"EnhancedMonitoring\":[],\"OpenShardCount\":8}}";

/// Takes a call.
pub(super) fn take(headers: &HeaderMap, body: &[u8], tally: &mut Tally) -> Bytes {
    let target = headers.get(TARGET).and_then(|target| target.to_str().ok()).unwrap_or_default();
    if !target.ends_with(PUT_RECORDS) {
        return Bytes::from_static(SUMMARY.as_bytes());
    }
    let mut taken = Vec::new();
    for at in DATA.find_iter(body) {
        let data = &body[at + DATA.needle().len()..];
        let mut beginning = [0; NUMBER];
        let read = STANDARD.decode_slice(&data[..NUMBER.min(data.len())], &mut beginning);
        tally.push(&beginning[..read.unwrap_or(1)]);
        tally.push(b"\n");
        taken.push(TAKEN);
    }
    format!("{{\"FailedRecordCount\":0,\"Records\":[{}]}}", taken.join(",")).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input;

    #[test]
    fn records_of_a_call_are_counted_and_taken() {
        let mut headers = HeaderMap::new();
        headers.insert(TARGET, "Kinesis_20131202.PutRecords".parse().unwrap());
        let record = |number| {
            let data = STANDARD.encode(input::order(number));
            format!("{{\"Data\":\"{data}\",\"PartitionKey\":\"c{number}\"}}")
        };
        let records: Vec<String> = (0..500).map(record).collect();
        let body = format!("{{\"Records\":[{}],\"StreamName\":\"bench\"}}", records.join(","));
        let mut tally = Tally::default();
        let answer = take(&headers, body.as_bytes(), &mut tally);
        tally.ensure("it", 500).unwrap();
        assert_eq!(memchr::memmem::find_iter(&answer, "SequenceNumber").count(), 500);
        assert_eq!(take(&HeaderMap::new(), b"{}", &mut tally), SUMMARY);
        tally.ensure("it", 500).unwrap();
    }
}
