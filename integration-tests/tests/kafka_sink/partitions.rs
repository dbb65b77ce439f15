//! Keys land where Java's default partitioner puts them.

use anyhow::{Result, ensure};
use forebay_core::sink::Written;
use forebay_integration_tests::servers::Kafka;
use serde_json::json;

use crate::destination::{batch, begin, deliver, number, raw, seen, sink};

/// Keys, and their partitions among 7 and among 16, as `BuiltInPartitioner.partitionForKey` of
/// kafka-clients 4.3.1 tells them.
const JAVA: &[(&[u8], i32, i32)] = &[
    (b"", 2, 9),
    (b"a", 5, 12),
    (b"ab", 0, 10),
    (b"abc", 4, 11),
    (b"abcd", 5, 4),
    (b"abcde", 4, 13),
    (b"order-17", 6, 1),
    (b"customer/0042", 5, 14),
    ("ünï→cødé".as_bytes(), 1, 8),
    (b"0", 3, 4),
    (b"1", 2, 15),
    (b"99999999999", 1, 5),
    (b"the quick brown fox jumps over the lazy dog", 3, 8),
    (&[0, 0xff, 0x80, 0x7f, 0], 5, 1),
];

#[tokio::test(flavor = "multi_thread")]
async fn keys_land_where_java_puts_them() -> Result<()> {
    let kafka = Kafka::shared()?;
    for partitions in [7, 16] {
        let topic = kafka.topic("java", partitions)?;
        let mut sink = sink(kafka, &topic, json!({}));
        begin(&mut *sink).await?;
        let records: Vec<_> = JAVA.iter().map(|(key, ..)| (Some(*key), Some(*key))).collect();
        ensure!(deliver(&mut *sink, &raw(1, &records)).await? == Written::all());
        let arrived = seen(kafka, &topic)?;
        ensure!(arrived.len() == JAVA.len());
        for record in arrived {
            let key = record.key.unwrap_or_default();
            let known = JAVA.iter().find(|(known, ..)| *known == key).unwrap();
            let expected = if partitions == 7 { known.1 } else { known.2 };
            ensure!(record.partition == expected, "{key:?} in {}", record.partition);
            ensure!(record.value.as_deref() == Some(&*key));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_times_headers_and_tombstones_come_from_columns() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("columns", 3)?;
    let options = json!({
        "key": "{name}/{number}", "partition": "{number}", "timestamp": "{number}",
        "headers": { "name": "{name}", "from": "forebay" },
    });
    let mut sink = sink(kafka, &topic, options);
    begin(&mut *sink).await?;
    let rows = batch(1, [("a".into(), 1), ("b".into(), 2)]);
    ensure!(deliver(&mut *sink, &rows).await? == Written::all());
    let arrived = seen(kafka, &topic)?;
    ensure!(arrived.len() == 2);
    for (record, (name, expected)) in arrived.iter().zip([("a", 1), ("b", 2)]) {
        ensure!(number(record)? == expected && i64::from(record.partition) == expected);
        ensure!(record.timestamp == Some(expected), "{:?}", record.timestamp);
        ensure!(record.key.as_deref() == Some(format!("{name}/{expected}").as_bytes()));
        let header = |name: &str, value: &str| (name.to_owned(), Some(value.as_bytes().to_vec()));
        ensure!(record.headers == [header("from", "forebay"), header("name", name)]);
    }

    let topic = kafka.topic("tombstones", 1)?;
    let mut sink = crate::destination::sink(kafka, &topic, json!({}));
    begin(&mut *sink).await?;
    let records = [(Some(&b"k"[..]), None), (None, Some(&b""[..]))];
    ensure!(deliver(&mut *sink, &raw(1, &records)).await? == Written::all());
    let arrived = seen(kafka, &topic)?;
    ensure!(arrived[0].value.is_none() && arrived[0].key.as_deref() == Some(b"k"));
    ensure!(arrived[1].value.as_deref() == Some(b"") && arrived[1].key.is_none());
    Ok(())
}
