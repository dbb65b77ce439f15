//! Guarantees: a collector of OpenTelemetry is sent a trace of each batch, with its stages, and the
//! numbers of `/metrics`; one that is away holds up nothing, is told once, and finds the next when
//! it comes; and nothing of a header's secret is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::collector::{Collector, Received, texts};
use forebay_integration_tests::{Gateway, Scene, binary, port};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

const LONG: Duration = Duration::from_secs(30);

/// 1000 records, in batches of 100, of which one in ten is broken.
const PIPELINE: &str = r#"
[sources.shop]
type = "generator"
as = "json"
format = "json"
schema = { id = "bigint" }
broken_ratio = 0.1
count = 1000
unlimited = true

[sinks.kept]
type = "memory"

[sinks.gone]
type = "blackhole"
latency = "5ms"

[pipelines.orders]
from = ["shop"]
to = ["kept", "gone"]
interval = "20ms"
max_batch_records = 100
"#;

/// A configuration with a table of telemetry.
fn scene(pipeline: &str, telemetry: &str) -> Result<Scene> {
    let scene = Scene::new(pipeline)?;
    let text = std::fs::read_to_string(scene.config())?;
    std::fs::write(scene.config(), format!("{text}\n{telemetry}"))?;
    Ok(scene)
}

fn run(scene: &Scene, variables: &[(&str, &str)]) -> Result<Gateway> {
    let config = scene.config().display().to_string();
    let arguments = ["run", &config, "--progress", "jsonl"];
    Gateway::start(binary::path()?, scene.folder(), &arguments, variables)
}

/// The traces: a root, and what is below it.
fn traces(received: &Received) -> Vec<(&Span, Vec<&Span>)> {
    let roots = received.spans.iter().filter(|span| span.parent_span_id.is_empty());
    let below = |root: &Span| {
        let same = received.spans.iter().filter(|span| span.trace_id == root.trace_id);
        same.filter(|span| span.parent_span_id == root.span_id).collect()
    };
    roots.map(|root| (root, below(root))).collect()
}

/// The numbers of a metric, by the values of one of its labels.
fn numbers(received: &Received, name: &str, label: &str) -> BTreeMap<String, f64> {
    let data = received.metrics.get(name).and_then(|metric| metric.data.as_ref());
    let points = match data {
        Some(Data::Sum(sum)) => &sum.data_points,
        Some(Data::Gauge(gauge)) => &gauge.data_points,
        _ => return BTreeMap::new(),
    };
    let one = |attributes: &_, value: Option<&Value>| {
        let value = match value {
            Some(Value::AsDouble(value)) => *value,
            Some(Value::AsInt(value)) => *value as f64,
            None => f64::NAN,
        };
        (texts(attributes).remove(label).unwrap_or_default(), value)
    };
    points.iter().map(|point| one(&point.attributes, point.value.as_ref())).collect()
}

#[test]
fn a_batch_is_a_trace_of_its_stages_and_metrics_are_those_of_prometheus() -> Result<()> {
    let collector = Collector::start(0)?;
    let telemetry = format!(
        "[gateway.telemetry]\nendpoint = \"{}/\"\ninterval = \"100ms\"\n\
         headers = {{ authorization = \"Bearer hunter22\" }}\n",
        collector.endpoint()
    );
    let scene = scene(PIPELINE, &telemetry)?;
    let variables = [("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")];
    let gateway = run(&scene, &variables)?;
    gateway.wait_for_words("\"batch\":10,", LONG)?;
    let words = gateway.words();
    ensure!(!words.contains("hunter22"), "{words}");
    // It ends by itself, and what is left is sent before it does.
    gateway.expect_success(LONG)?;

    let received = collector.received();
    ensure!(received.broken.is_empty(), "{:?}", received.broken);
    ensure!(received.headers["authorization"] == "Bearer hunter22");
    ensure!(received.headers["content-type"] == "application/x-protobuf");
    let resource = &received.resource;
    ensure!(resource["service.name"] == "forebay", "{resource:?}");
    ensure!(resource["deployment.environment.name"] == "test", "{resource:?}");
    ensure!(resource.contains_key("service.instance.id"), "{resource:?}");

    let traces = traces(&received);
    ensure!(traces.len() >= 10, "{} traces", traces.len());
    let (mut records, mut letters) = (0, 0);
    for (root, below) in &traces {
        let told = texts(&root.attributes);
        ensure!(root.name == "process orders" && root.kind() == SpanKind::Consumer, "{root:?}");
        ensure!(told["messaging.system"] == "generator", "{told:?}");
        ensure!(told["messaging.operation.type"] == "process", "{told:?}");
        records += told["messaging.batch.message_count"].parse::<u64>()?;
        letters += told["forebay.dead_letters"].parse::<u64>()?;
        let names: BTreeSet<_> = below.iter().map(|span| span.name.as_str()).collect();
        for name in ["read", "decode", "write kept", "write gone", "commit"] {
            ensure!(names.contains(name), "{names:?}");
        }
        for span in below {
            let begins = root.start_time_unix_nano <= span.start_time_unix_nano;
            let ends = span.end_time_unix_nano <= root.end_time_unix_nano;
            ensure!(begins && ends && span.start_time_unix_nano <= span.end_time_unix_nano);
        }
        let write = below.iter().find(|span| span.name == "write gone").context("a write")?;
        let took = write.end_time_unix_nano - write.start_time_unix_nano;
        ensure!(took >= 5_000_000, "{took} ns");
    }
    ensure!(records == 1_000 && letters > 0, "{records} records, {letters} letters");

    // The last numbers are those of the end.
    let read = numbers(&received, "forebay_records_read", "pipeline");
    ensure!(read["orders"] == 1_000.0, "{read:?}");
    let refused = numbers(&received, "forebay_dead_letters", "pipeline");
    ensure!(refused["orders"] == letters as f64, "{refused:?}");
    let stages = numbers(&received, "forebay_stage_seconds", "stage");
    ensure!(stages.contains_key("decode") && stages["write"] > 0.0, "{stages:?}");
    let info = numbers(&received, "forebay_build_info", "version");
    ensure!(info.values().eq([&1.0]), "{info:?}");
    let Some(Data::Histogram(times)) =
        received.metrics["forebay_batch_processing_seconds"].data.clone()
    else {
        anyhow::bail!("no histogram")
    };
    let point = &times.data_points[0];
    ensure!(point.count == traces.len() as u64 && point.explicit_bounds[0] == 0.001, "{point:?}");
    Ok(())
}

#[test]
fn the_standard_variables_turn_it_on_and_sampling_leaves_batches_out() -> Result<()> {
    let collector = Collector::start(0)?;
    let scene = scene(PIPELINE, "")?;
    let endpoint = collector.endpoint();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_SERVICE_NAME", "ingest"),
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0"),
    ];
    run(&scene, &variables)?.expect_success(LONG)?;
    let received = collector.received();
    ensure!(received.resource["service.name"] == "ingest", "{:?}", received.resource);
    let read = numbers(&received, "forebay_records_read", "pipeline");
    ensure!(read["orders"] == 1_000.0, "{read:?}");
    ensure!(received.spans.is_empty(), "{} spans", received.spans.len());
    Ok(())
}

#[test]
fn a_collector_that_is_away_holds_up_nothing_and_is_told_once() -> Result<()> {
    let port = port::free()?;
    let telemetry = format!(
        "[gateway.telemetry]\nendpoint = \"http://127.0.0.1:{port}\"\ninterval = \"100ms\"\n"
    );
    let endless = PIPELINE.replace("count = 1000\nunlimited = true", "rows_per_second = 2000");
    let scene = scene(&endless, &telemetry)?;
    let variables = [("OTEL_BSP_SCHEDULE_DELAY", "100")];
    let gateway = run(&scene, &variables)?;
    gateway.wait_for_words("does not take traces", LONG)?;
    gateway.wait_for_words("does not take metrics", LONG)?;
    let before = gateway.records()?;
    gateway.wait_for_more_than(before + 2_000, LONG)?;
    let words = gateway.words();
    ensure!(words.matches("does not take traces").count() == 1, "{words}");
    ensure!(words.matches("does not take metrics").count() == 1, "{words}");

    // It comes.
    let collector = Collector::start(port)?;
    collector.until("a span", LONG, |received| received.spans.first().map(|_| ()))?;
    let of_orders = |received: &Received| {
        let read = numbers(received, "forebay_records_read", "pipeline");
        read.get("orders").copied().filter(|read| *read > before as f64)
    };
    collector.until("the numbers", LONG, of_orders)?;

    // It goes again, and the gateway ends as quickly as ever.
    drop(collector);
    let begun = Instant::now();
    gateway.stop(LONG)?;
    ensure!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    Ok(())
}
