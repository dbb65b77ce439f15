//! The generator as the engine sees it.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use forebay_core::clock::{Clock, SystemClock};
use forebay_core::source::{Resume, SourceError};
use forebay_core::split::{Grant, SplitPhase};
use forebay_core::testing::source::check;
use forebay_core::{Position, Range, Source, SplitId};
use forebay_generator_source::{GeneratorConfig, GeneratorSource};
use proptest::prelude::*;
use tokio::time::Instant;

fn source(options: &str) -> GeneratorSource {
    let config: GeneratorConfig = serde_json::from_str(options).unwrap();
    GeneratorSource::new(&config, "made".into(), SystemClock::shared()).unwrap()
}

async fn connected(options: &str) -> GeneratorSource {
    let mut source = source(options);
    source.connect(&Resume::default()).await.unwrap();
    source
}

fn grant(split: &str, from: u64, records: u64) -> Grant {
    Grant {
        split: split.into(),
        generation: 0,
        from: from.into(),
        until: None,
        records,
        bytes: 1 << 30,
    }
}

fn later() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// The ends of all splits.
async fn ends(source: &mut GeneratorSource) -> Vec<u64> {
    let statuses = source.splits(&BTreeMap::new()).await.unwrap();
    statuses.into_iter().map(|status| status.end.unwrap().as_u64().unwrap()).collect()
}

async fn records(source: &mut GeneratorSource, grant: Grant) -> RecordBatch {
    let slices = source.read(&[grant], later()).await.unwrap();
    let parts: Vec<_> = slices.into_iter().map(|slice| slice.records).collect();
    concat_batches(&parts[0].schema(), &parts).unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_template_conforms() {
    for options in [
        r#"{"unlimited": true, "count": 301}"#,
        r#"{"unlimited": true, "count": 301, "template": "lines", "splits": 1}"#,
        r#"{"unlimited": true, "count": 301, "template": "sensors", "skew": 0.6}"#,
        r#"{"unlimited": true, "count": 301, "as": "json", "broken_ratio": 0.1}"#,
    ] {
        let summary = check(|| Box::new(source(options))).await.unwrap();
        assert_eq!(summary.records, 301, "{options}");
    }
}

/// A clock that is a second further each time it is asked.
#[derive(Default)]
struct Hasty(AtomicU64);

impl Clock for Hasty {
    fn now_ms(&self) -> u64 {
        0
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

#[tokio::test(start_paused = true)]
async fn a_generator_with_a_rate_conforms() {
    let config = r#"{"rows_per_second": 500, "count": 100}"#;
    let config: GeneratorConfig = serde_json::from_str(config).unwrap();
    let open = || GeneratorSource::new(&config, "made".into(), Arc::new(Hasty::default())).unwrap();
    let summary = check(|| Box::new(open())).await.unwrap();
    assert_eq!((summary.splits, summary.records), (4, 100));
}

#[tokio::test(start_paused = true)]
async fn records_become_due_at_the_rate_and_no_faster() {
    let mut source = connected(r#"{"rows_per_second": 1000, "splits": 4}"#).await;
    assert_eq!(ends(&mut source).await, [0, 0, 0, 0]);
    tokio::time::advance(Duration::from_millis(1501)).await;
    assert_eq!(ends(&mut source).await.iter().sum::<u64>(), 1501);
    let slices = source.read(&[grant("0", 0, 1_000_000)], later()).await.unwrap();
    assert_eq!(slices[0].range.until, Position::from(376));
    assert!(!slices[0].range.last);
}

#[tokio::test(start_paused = true)]
async fn the_ramp_is_sparks() {
    let mut source = connected(r#"{"rows_per_second": 100, "ramp_up": "9s", "splits": 1}"#).await;
    for (second, due) in [(1, 10), (2, 30), (3, 60), (4, 100)] {
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(ends(&mut source).await, [due], "after {second} s");
    }
}

#[tokio::test(start_paused = true)]
async fn ready_returns_when_the_next_record_is_due() {
    let mut source = connected(r#"{"rows_per_second": 10, "splits": 2}"#).await;
    let started = Instant::now();
    source.ready().await;
    let waited = started.elapsed();
    assert!(
        (Duration::from_millis(100)..Duration::from_millis(110)).contains(&waited),
        "{waited:?}"
    );
    assert_eq!(ends(&mut source).await, [1, 0]);
    source.read(&[grant("0", 0, 10)], later()).await.unwrap();
    source.ready().await;
    assert_eq!(ends(&mut source).await, [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn the_backlog_and_its_age_are_those_of_the_schedule() {
    let mut source = connected(r#"{"rows_per_second": 100, "splits": 1}"#).await;
    tokio::time::advance(Duration::from_secs(2)).await;
    let next = BTreeMap::from([(SplitId::from("0"), Position::from(50))]);
    let status = source.splits(&next).await.unwrap().remove(0);
    assert_eq!(status.backlog, Some(150));
    assert_eq!(status.oldest_ms, Some(1490));
    assert_eq!(status.phase, SplitPhase::Active);
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_the_schedule_goes_on_where_it_stood() {
    let options = r#"{"rows_per_second": 100, "ramp_up": "4s", "splits": 2}"#;
    let mut again = source(options);
    // 200 records are due after 4 s of this ramp.
    let committed = BTreeMap::from([("0".into(), 100_u64.into()), ("1".into(), 90_u64.into())]);
    again.connect(&Resume { committed, finished: Vec::new() }).await.unwrap();
    assert_eq!(ends(&mut again).await, [100, 99], "the backlog of split 1 is there at once");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(ends(&mut again).await.iter().sum::<u64>(), 298, "and the ramp is over");
}

#[tokio::test(start_paused = true)]
async fn a_replay_ahead_of_the_schedule_moves_it_forward() {
    let mut source = connected(r#"{"rows_per_second": 10, "splits": 1}"#).await;
    let next = BTreeMap::from([(SplitId::from("0"), Position::from(50))]);
    let status = source.splits(&next).await.unwrap().remove(0);
    assert_eq!((status.end, status.backlog), (Some(Position::from(50)), Some(0)));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(source.splits(&next).await.unwrap()[0].backlog, Some(10));
}

#[tokio::test(start_paused = true)]
async fn splits_end_after_the_count() {
    let mut source = connected(r#"{"unlimited": true, "count": 10, "splits": 4}"#).await;
    let statuses = source.splits(&BTreeMap::new()).await.unwrap();
    assert!(statuses.iter().all(|status| status.phase == SplitPhase::Ended));
    let slices = source.read(&[grant("0", 0, 2)], later()).await.unwrap();
    assert!(!slices[0].range.last);
    let slices = source.read(&[grant("0", 2, 5)], later()).await.unwrap();
    assert_eq!((slices[0].range.records, slices[0].range.last), (1, true));
}

#[tokio::test(start_paused = true)]
async fn unlimited_splits_have_no_end() {
    let mut source = connected(r#"{"unlimited": true}"#).await;
    let status = source.splits(&BTreeMap::new()).await.unwrap().remove(0);
    assert_eq!((status.end, status.backlog), (None, None));
    assert_eq!(records(&mut source, grant("3", 1 << 50, 100_000)).await.num_rows(), 100_000);
}

#[tokio::test(start_paused = true)]
async fn one_split_does_not_starve_the_others_when_time_is_short() {
    let mut source = connected(r#"{"unlimited": true, "splits": 2}"#).await;
    let grants = [grant("0", 0, 100_000), grant("1", 0, 100_000)];
    let slices = source.read(&grants, later()).await.unwrap();
    let order: Vec<_> = slices.iter().map(|slice| slice.range.split.as_str()).take(4).collect();
    assert_eq!(order, ["0", "1", "0", "1"]);
}

#[tokio::test(start_paused = true)]
async fn orders_look_like_orders() {
    let mut source = connected(r#"{"unlimited": true, "rows_per_second": 1000}"#).await;
    let orders = records(&mut source, grant("1", 0, 1000)).await;
    let names: Vec<_> = orders.schema().fields().iter().map(|f| f.name().clone()).collect();
    assert_eq!(names, ["id", "ts", "customer", "symbol", "quantity", "price", "side"]);
    assert_eq!(orders["id"].as_primitive::<Int64Type>().value(2), 9);
    // Record 9 of 1000 a second, from 2026-01-01 on.
    let ts = orders["ts"].as_primitive::<TimestampMicrosecondType>().value(2);
    assert_eq!(ts, 1_767_225_600_000_000 + 10_000);
    assert!(orders["quantity"].as_primitive::<Int32Type>().values().iter().all(|q| *q >= 1));
    assert!(orders["price"].as_primitive::<Float64Type>().values().iter().all(|p| *p > 3.0));
    let sides = orders["side"].as_string::<i32>();
    assert!(sides.iter().flatten().all(|side| side == "B" || side == "S"));
    assert!(sides.iter().flatten().any(|side| side == "B"));
    assert_eq!(orders["customer"].as_string::<i32>().value(0).len(), 6);
}

/// The records are part of the contract: demos and tests elsewhere may count on them.
#[tokio::test(start_paused = true)]
async fn the_same_seed_makes_the_same_records_for_ever() {
    let mut source = connected(r#"{"unlimited": true, "as": "json", "splits": 1}"#).await;
    let texts = records(&mut source, grant("0", 0, 2)).await;
    let text =
        |row| String::from_utf8_lossy(texts["value"].as_binary::<i32>().value(row)).into_owned();
    assert_eq!(text(0), FIRST);
    let mut other = connected(r#"{"unlimited": true, "as": "json", "splits": 1, "seed": 7}"#).await;
    let other = records(&mut other, grant("0", 0, 1)).await;
    assert_ne!(other["value"].as_binary::<i32>().value(0), FIRST.as_bytes());
}

const FIRST: &str = r#"{"id":0,"ts":"2026-01-01T00:00:00.001Z","customer":"c34766","symbol":"FLUX","quantity":914,"price":154.78,"side":"B"}"#;

#[tokio::test(start_paused = true)]
async fn fields_of_ones_own() {
    let options = r#"{"unlimited": true, "fields": [
        {"name": "n", "type": "sequence"},
        {"name": "at", "type": "timestamp"},
        {"name": "big", "type": "bigint", "min": -5, "max": 5},
        {"name": "small", "type": "int", "min": 7, "max": 7},
        {"name": "ratio", "type": "double", "min": 0, "max": 1, "decimals": 3},
        {"name": "color", "type": "text", "values": ["red", "blue"]},
        {"name": "user", "type": "text", "prefix": "u", "distinct": 10},
        {"name": "note", "type": "text", "length": 20, "nulls": 0.5},
        {"name": "device", "type": "text"},
        {"name": "on", "type": "boolean"}
    ]}"#;
    let mut source = connected(options).await;
    let rows = records(&mut source, grant("0", 0, 1000)).await;
    let big = rows["big"].as_primitive::<Int64Type>().values();
    assert_eq!((big.iter().min(), big.iter().max()), (Some(&-5), Some(&5)));
    assert!(rows["small"].as_primitive::<Int32Type>().values().iter().all(|value| *value == 7));
    assert!(rows["note"].null_count() > 400 && rows["note"].null_count() < 600);
    let text = |column: &str| rows[column].as_string::<i32>().value(3).to_owned();
    assert!(["red", "blue"].contains(&text("color").as_str()));
    assert_eq!(text("user").len(), 2);
    assert!(text("device").starts_with("device-"));
    let on = rows["on"].as_boolean().true_count();
    assert!((400..600).contains(&on), "{on}");
}

#[tokio::test(start_paused = true)]
async fn a_part_of_the_json_is_broken_and_the_rest_is_whole() {
    let options = r#"{"unlimited": true, "as": "json", "broken_ratio": 0.25, "splits": 1}"#;
    let mut source = connected(options).await;
    let texts = records(&mut source, grant("0", 0, 4000)).await;
    let values = texts["value"].as_binary::<i32>();
    let broken = values
        .iter()
        .flatten()
        .filter(|text| serde_json::from_slice::<serde_json::Value>(text).is_err())
        .count();
    assert!((900..1100).contains(&broken), "{broken}");
}

#[tokio::test(start_paused = true)]
async fn json_is_decoded_and_what_is_broken_is_rejected() {
    let options = r#"{
        "unlimited": true, "as": "json", "broken_ratio": 0.1, "splits": 1,
        "format": "json", "schema": {"id": "bigint", "ts": "timestamp", "price": "double"}
    }"#;
    let mut json = connected(options).await;
    let texts = records(&mut json, grant("0", 0, 1000)).await;
    let decoded = json.decoder().decode(&texts).unwrap();
    assert_eq!(decoded.columns.num_rows() + decoded.rejected.len(), 1000);
    assert!((50..150).contains(&decoded.rejected.len()), "{}", decoded.rejected.len());
    let mut typed = connected(r#"{"unlimited": true, "splits": 1}"#).await;
    let typed = records(&mut typed, grant("0", 0, 1000)).await;
    let kept = decoded.rows.unwrap();
    let (prices, ids) = (&typed["price"], &typed["id"]);
    assert_eq!(&arrow::compute::take(prices, &kept, None).unwrap(), &decoded.columns["price"]);
    assert_eq!(&arrow::compute::take(ids, &kept, None).unwrap(), &decoded.columns["id"]);
}

#[tokio::test(start_paused = true)]
async fn what_another_source_left_in_the_checkpoint_is_refused() {
    let mut source = connected(r#"{"splits": 2}"#).await;
    let committed = BTreeMap::from([("7".into(), 1_u64.into())]);
    let error = source.connect(&Resume { committed, finished: Vec::new() }).await.unwrap_err();
    assert!(matches!(&error, SourceError::Fatal(text) if text.contains("no split `7`")), "{error}");
    let committed = BTreeMap::from([("1".into(), "x".into())]);
    let error = source.connect(&Resume { committed, finished: Vec::new() }).await.unwrap_err();
    assert!(matches!(error, SourceError::Fatal(_)));
    let range = Range {
        source: "made".into(),
        split: "0".into(),
        generation: 0,
        from: 0.into(),
        until: u64::MAX.into(),
        records: u64::MAX,
        bytes: 0,
        last: false,
    };
    assert!(matches!(source.replay(&[range]).await, Err(SourceError::Fatal(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However the reads are cut, and replayed on another instance: the same records.
    #[test]
    fn any_grants_yield_the_same_records(
        steps in prop::collection::vec((1_u64..400, 1_u64..20_000), 1..12),
        template in prop::sample::select(vec!["orders", "lines", "sensors"]),
        form in prop::sample::select(vec!["columns", "json"]),
        skew in prop::option::of(0.05_f64..0.95),
    ) {
        let skew = skew.map_or("null".to_owned(), |skew| skew.to_string());
        let options = format!(
            r#"{{"unlimited": true, "template": "{template}", "as": "{form}", "skew": {skew}}}"#
        );
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut first = connected(&options).await;
            let mut next = 0;
            let (mut parts, mut ranges) = (Vec::new(), Vec::new());
            for (records, bytes) in steps {
                let asked = Grant { bytes, ..grant("1", next, records) };
                let slices = first.read(&[asked], later()).await.unwrap();
                let yielded: u64 = slices.iter().map(|slice| slice.range.records).sum();
                let size: u64 = slices.iter().map(|slice| slice.range.bytes).sum();
                assert!(yielded <= records && (size <= bytes || yielded == 1));
                assert!(yielded > 0);
                next += yielded;
                for slice in slices {
                    ranges.push(slice.range);
                    parts.push(slice.records);
                }
            }
            let mut second = connected(&options).await;
            let again = second.replay(&ranges).await.unwrap();
            assert!(again.iter().map(|slice| &slice.records).eq(&parts));
            let whole = records(&mut second, grant("1", 0, next)).await;
            assert_eq!(whole, concat_batches(&whole.schema(), &parts).unwrap());
        });
    }
}

/// The name in ranges is the one of the configuration.
#[tokio::test(start_paused = true)]
async fn ranges_bear_the_sources_name() {
    let mut source = connected(r#"{"unlimited": true}"#).await;
    let slices = source.read(&[grant("0", 0, 1)], later()).await.unwrap();
    assert_eq!(slices[0].range.source, Arc::<str>::from("made"));
}
