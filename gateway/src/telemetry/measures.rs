//! The metrics, as the library asks for them.

use std::sync::{Arc, Mutex, PoisonError};

use forebay_core::progress::Progress;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Histogram, Meter};

use crate::admin::Facts;
use crate::admin::metrics::{Kind, Scrape, all};
use crate::run;

/// What is read for the library: once for each time that it sends, though it asks for each metric
/// by itself.
struct Reading {
    facts: Arc<Facts>,
    /// The metric that was asked for last, and the numbers that it was given of.
    last: Mutex<Option<(usize, Arc<Scrape>)>>,
}

impl Reading {
    /// The numbers for the metric at this place. Places that rise belong to one sending.
    fn numbers(&self, place: usize) -> Arc<Scrape> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let scrape = match last.take() {
            Some((before, scrape)) if before < place => scrape,
            _ => Arc::new(Scrape::of(&self.facts)),
        };
        *last = Some((place, scrape.clone()));
        scrape
    }
}

/// Times of batches, which are counted as they come.
pub(super) struct Times {
    processing: Histogram<f64>,
    scheduling_delay: Histogram<f64>,
    total_delay: Histogram<f64>,
    writes: Histogram<f64>,
}

/// Registers all metrics of `/metrics`, under the same names.
pub(super) fn register(meter: &Meter, facts: &Arc<Facts>) -> Times {
    let reading = Arc::new(Reading { facts: facts.clone(), last: Mutex::new(None) });
    for (index, metric) in all().enumerate() {
        let reading = reading.clone();
        let read = move |instrument: &dyn AsyncInstrument<f64>| {
            for (labels, number) in reading.numbers(index).plain(index) {
                let labels = labels.map(|(name, value)| KeyValue::new(name, value.to_owned()));
                instrument.observe(number, &labels.collect::<Vec<_>>());
            }
        };
        // A collector adds `_total` and units by itself where they belong.
        let name = if metric.kind == Kind::Info { metric.name } else { metric.family() };
        let help = metric.help;
        let unit = unit(metric.unit);
        match metric.kind {
            Kind::Counter => {
                let counter = meter.f64_observable_counter(name).with_description(help);
                counter.with_unit(unit).with_callback(read).build();
            }
            Kind::Gauge | Kind::Info => {
                let gauge = meter.f64_observable_gauge(name).with_description(help);
                gauge.with_unit(unit).with_callback(read).build();
            }
            // They are counted as they come.
            Kind::Histogram => {}
        }
    }
    let histogram = |name: &'static str| {
        let help = all().find(|metric| metric.name == name).map_or("", |metric| metric.help);
        let histogram = meter.f64_histogram(name).with_description(help).with_unit("s");
        histogram.with_boundaries(run::Histogram::BOUNDS.to_vec()).build()
    };
    Times {
        processing: histogram("forebay_batch_processing_seconds"),
        scheduling_delay: histogram("forebay_batch_scheduling_delay_seconds"),
        total_delay: histogram("forebay_batch_total_delay_seconds"),
        writes: histogram("forebay_sink_write_seconds"),
    }
}

impl Times {
    /// Counts a batch.
    pub(super) fn add(&self, batch: &Progress) {
        let pipeline = [KeyValue::new("pipeline", batch.pipeline.clone())];
        self.processing.record(batch.processing_ms / 1e3, &pipeline);
        self.scheduling_delay.record(batch.scheduling_delay_ms / 1e3, &pipeline);
        let total_ms = batch.processing_ms + batch.scheduling_delay_ms;
        self.total_delay.record(total_ms / 1e3, &pipeline);
        for sink in &batch.sinks {
            let [pipeline] = pipeline.clone();
            let labels = [pipeline, KeyValue::new("sink", sink.sink.clone())];
            self.writes.record(sink.write_ms / 1e3, &labels);
        }
    }
}

/// A unit in the words of [UCUM](https://ucum.org/ucum), which OpenTelemetry speaks; what has none
/// there has none.
fn unit(word: &str) -> &'static str {
    match word {
        "seconds" => "s",
        "bytes" => "By",
        "ratio" => "1",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_histogram_is_counted() {
        let histograms = all().filter(|metric| metric.kind == Kind::Histogram);
        let names: Vec<_> = histograms.map(|metric| metric.name).collect();
        let counted = [
            "forebay_batch_processing_seconds",
            "forebay_batch_scheduling_delay_seconds",
            "forebay_batch_total_delay_seconds",
            "forebay_sink_write_seconds",
        ];
        assert_eq!(names, counted);
    }
}
