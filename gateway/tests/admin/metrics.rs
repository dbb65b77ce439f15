//! The metrics: which there are, and that they say the same as everything else.

use serde_json::Value;

use crate::client::{get, until};
use crate::running::{GENERATOR_TO_MEMORY, Running};
use crate::scraped::Scraped;

/// Whoever changes this list changes what people have in their dashboards and alerts.
const OUTLINE: &[&str] = &[
    "counter forebay_batches_total pipeline",
    "counter forebay_bytes_read_total pipeline",
    "counter forebay_dead_letters_total pipeline",
    "counter forebay_limited_batches_total by,pipeline",
    "counter forebay_log_lines_held_back_total ",
    "counter forebay_log_lines_total level",
    "counter forebay_records_read_total pipeline",
    "counter forebay_retries_total pipeline",
    "counter forebay_rows_written_total pipeline",
    "counter forebay_sink_batches_total pipeline,sink",
    "counter forebay_sink_dead_letters_total pipeline,sink",
    "counter forebay_sink_retries_total pipeline,sink",
    "counter forebay_stage_seconds_total pipeline,stage",
    "counter process_cpu_seconds_total ",
    "gauge forebay_backlog_oldest_seconds pipeline",
    "gauge forebay_backlog_records pipeline",
    "gauge forebay_batches_under_way pipeline,stage",
    "gauge forebay_bucket_available_records limit,pipeline,source",
    "gauge forebay_committed_batch pipeline",
    "gauge forebay_controller_correction_records_per_second pipeline,term",
    "gauge forebay_controller_rate_records_per_second pipeline",
    "gauge forebay_interval_seconds pipeline",
    "gauge forebay_last_batch_time_seconds pipeline",
    "gauge forebay_memory_budget_bytes kind",
    "gauge forebay_pipeline_state pipeline,state",
    "gauge forebay_pipeline_state_since_seconds pipeline",
    "gauge forebay_rate_limit_records_per_second pipeline",
    "gauge forebay_rate_set_by by,pipeline",
    "gauge forebay_sink_in_flight_rows pipeline,sink",
    "gauge forebay_sink_last_success_time_seconds pipeline,sink",
    "gauge forebay_splits pipeline",
    "gauge forebay_utilisation_ratio pipeline",
    "gauge forebay_utilisation_target_ratio pipeline",
    "gauge forebay_waiting_for component,pipeline,role",
    "gauge process_resident_memory_bytes ",
    "gauge process_start_time_seconds ",
    "histogram forebay_batch_processing_seconds_bucket le,pipeline",
    "histogram forebay_batch_processing_seconds_count pipeline",
    "histogram forebay_batch_processing_seconds_sum pipeline",
    "histogram forebay_batch_scheduling_delay_seconds_bucket le,pipeline",
    "histogram forebay_batch_scheduling_delay_seconds_count pipeline",
    "histogram forebay_batch_scheduling_delay_seconds_sum pipeline",
    "histogram forebay_batch_total_delay_seconds_bucket le,pipeline",
    "histogram forebay_batch_total_delay_seconds_count pipeline",
    "histogram forebay_batch_total_delay_seconds_sum pipeline",
    "histogram forebay_sink_write_seconds_bucket le,pipeline,sink",
    "histogram forebay_sink_write_seconds_count pipeline,sink",
    "histogram forebay_sink_write_seconds_sum pipeline,sink",
    "info forebay_build_info version",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_is_known_and_says_what_the_api_says() {
    let mut running = Running::start(GENERATOR_TO_MEMORY).await;
    let at = running.address;
    until(at, "/api/pipelines/p", |answer| answer.json()["batches"].as_u64() >= Some(5)).await;
    // Afterwards nothing moves any more.
    running.drain().await;
    let answer = get(at, "/metrics").await;
    assert!(answer.head.contains("content-type: application/openmetrics-text"), "{answer:?}");
    let scraped = Scraped::read(&answer.body);
    let outline = scraped.outline();
    assert_eq!(outline.iter().map(String::as_str).collect::<Vec<_>>(), OUTLINE);

    let told = get(at, "/api/pipelines/p").await.json();
    for (name, key) in [
        ("forebay_records_read_total", "records"),
        ("forebay_bytes_read_total", "bytes"),
        ("forebay_rows_written_total", "rows"),
        ("forebay_dead_letters_total", "dead_letters"),
        ("forebay_retries_total", "retries"),
        ("forebay_batches_total", "batches"),
        ("forebay_batch_processing_seconds_count", "batches"),
        ("forebay_batch_scheduling_delay_seconds_count", "batches"),
        ("forebay_committed_batch", "committed"),
        ("forebay_backlog_records", "backlog"),
    ] {
        let number = scraped.number(name, &[("pipeline", "p")]);
        assert!(number.is_some() && number == told[key].as_f64(), "{name}: {number:?} {told}");
    }
    let rate = scraped.number("forebay_rate_limit_records_per_second", &[("pipeline", "p")]);
    assert_eq!(rate, told["last"]["rate"].as_f64());
    for stage in ["read", "write", "commit"] {
        let labels = [("pipeline", "p"), ("stage", stage)];
        let seconds = scraped.number("forebay_stage_seconds_total", &labels);
        let millis = told["stages"][format!("{stage}_ms")].as_f64();
        assert!(seconds.zip(millis).is_some_and(|(s, ms)| (s * 1e3 - ms).abs() < 1e-6), "{stage}");
    }
    for state in ["starting", "running", "waiting", "draining", "stopped", "failed"] {
        let labels = [("pipeline", "p"), ("state", state)];
        let number = scraped.number("forebay_pipeline_state", &labels);
        assert_eq!(number, Some(f64::from(u8::from(told["state"] == state))), "{state}");
    }
    histograms_are_whole(&scraped, &told);
    running.end_admin().await;
}

fn histograms_are_whole(scraped: &Scraped, told: &Value) {
    let last = [("le", "+Inf"), ("pipeline", "p")];
    let name = "forebay_batch_processing_seconds_bucket";
    assert_eq!(scraped.number(name, &last), told["batches"].as_f64());
    let limited: f64 = scraped
        .numbers
        .iter()
        .filter(|((name, _), _)| name == "forebay_limited_batches_total")
        .map(|(_, number)| number)
        .sum();
    assert_eq!(Some(limited), told["batches"].as_f64());
}

/// What comes with `split_series` beside the rest.
const OUTLINE_OF_SPLITS: &[&str] = &[
    "counter forebay_split_records_read_total pipeline,source,split",
    "gauge forebay_split_backlog_records pipeline,source,split",
    "gauge forebay_split_granted_records pipeline,source,split",
    "gauge forebay_split_oldest_seconds pipeline,source,split",
    "gauge forebay_splits_left_out pipeline",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn splits_have_numbers_of_their_own_where_that_is_asked_for_and_no_more_than_that() {
    let text = format!("[gateway]\nsplit_series = 2\n{GENERATOR_TO_MEMORY}");
    let mut running = Running::start(&text).await;
    let at = running.address;
    until(at, "/api/pipelines/p/splits", |answer| {
        answer.json()["splits"].as_array().is_some_and(|splits| splits.len() == 3)
    })
    .await;
    running.drain().await;
    let scraped = Scraped::read(&get(at, "/metrics").await.body);
    let outline = scraped.outline();
    let more: Vec<&str> =
        outline.iter().map(String::as_str).filter(|line| !OUTLINE.contains(line)).collect();
    assert_eq!(more, OUTLINE_OF_SPLITS);
    assert_eq!(scraped.number("forebay_splits_left_out", &[("pipeline", "p")]), Some(1.0));

    let told = get(at, "/api/pipelines/p/splits").await.json();
    let splits = told["splits"].as_array().unwrap();
    let mut names: Vec<&str> =
        splits.iter().map(|split| split["split"].as_str().unwrap()).collect();
    names.sort_unstable();
    for (index, name) in names.into_iter().enumerate() {
        let told = splits.iter().find(|split| split["split"] == name).unwrap();
        let labels = [("pipeline", "p"), ("source", "orders"), ("split", name)];
        for (metric, key) in [
            ("forebay_split_records_read_total", "total_records"),
            ("forebay_split_backlog_records", "lag"),
            ("forebay_split_granted_records", "granted"),
        ] {
            let number = scraped.number(metric, &labels);
            let expected = if index < 2 { told[key].as_f64() } else { None };
            assert!(number == expected && (index == 2 || number.is_some()), "{metric} {name}");
        }
    }
    running.end_admin().await;
}
