//! One metric.

use super::reading::Reading;

/// One metric.
#[derive(Debug)]
pub(crate) struct Metric {
    /// Its name, as it stands in a query.
    pub(crate) name: &'static str,
    /// What it means.
    pub(crate) help: &'static str,
    /// What may be done with its numbers.
    pub(crate) kind: Kind,
    /// What its numbers count or measure, in base units.
    pub(crate) unit: &'static str,
    /// Its labels. Their values come from the configuration or from closed lists, but for the
    /// names of splits.
    pub(crate) labels: &'static [&'static str],
    /// Reads its numbers.
    pub(super) read: fn(&Reading<'_>, &mut Samples),
}

/// What may be done with the numbers of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// They only rise, from 0 at the start of the process: take their `rate()`.
    Counter,
    /// They rise and fall.
    Gauge,
    /// They are counted by size: take a `histogram_quantile()`.
    Histogram,
    /// It is always 1; its labels say something.
    Info,
}

impl Metric {
    /// Its name without what OpenMetrics adds for its kind.
    pub(crate) fn family(&self) -> &'static str {
        self.name.strip_suffix(self.kind.suffix()).unwrap_or(self.name)
    }
}

impl Kind {
    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Info => "info",
        }
    }

    /// What OpenMetrics adds to the name of each number of this kind.
    fn suffix(self) -> &'static str {
        match self {
            Self::Counter => "_total",
            Self::Info => "_info",
            Self::Gauge | Self::Histogram => "",
        }
    }
}

/// The numbers of one metric.
pub(super) type Samples = Vec<Sample>;

/// One number, with the values of the labels in their order.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) labels: Vec<String>,
    pub(super) number: Number,
}

/// A number, or several.
#[derive(Debug)]
pub(super) enum Number {
    Whole(u64),
    Real(f64),
    /// Sum, count, and what each bucket alone counted, by its upper bound.
    Buckets(f64, u64, Vec<(f64, u64)>),
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl From<bool> for Number {
    fn from(truth: bool) -> Self {
        Self::Whole(u64::from(truth))
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<&crate::run::Histogram> for Number {
    fn from(histogram: &crate::run::Histogram) -> Self {
        Self::Buckets(histogram.sum(), histogram.count(), histogram.buckets().collect())
    }
}
