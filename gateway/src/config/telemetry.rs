//! `[gateway.telemetry]`: OpenTelemetry.

use std::collections::BTreeMap;

use forebay_core::component::Problem;
use forebay_core::secret::Secret;
use forebay_core::units::TimeSpan;
use http::{HeaderName, HeaderValue, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Traces of batches and all metrics, sent to a collector by OpenTelemetry's protocol (OTLP over
/// HTTP, protobuf). It needs a binary that was built with `--features otel`.
///
/// What does not stand here is taken from OpenTelemetry's own variables (`OTEL_*`); without this
/// table, `OTEL_EXPORTER_OTLP_ENDPOINT` alone turns it on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TelemetrySettings {
    /// The collector: traces go to `/v1/traces` below it, metrics to `/v1/metrics`. Default:
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`, else `http://localhost:4318`.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Headers of each request, such as a token that the collector asks for.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// Whether traces are sent: a span per batch, with one for each of its stages.
    #[serde(default = "yes")]
    pub traces: bool,
    /// Whether metrics are sent: those of `/metrics`.
    #[serde(default = "yes")]
    pub metrics: bool,
    /// Of how many batches a trace is sent, from 0 (none) to 1 (all). Default:
    /// `OTEL_TRACES_SAMPLER`, else all.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub sample_ratio: Option<f64>,
    /// How often metrics are sent. Default: `OTEL_METRIC_EXPORT_INTERVAL`, else 60 s.
    #[serde(default)]
    pub interval: Option<TimeSpan>,
    /// The `service.name` under which all of it is found. Default: `OTEL_SERVICE_NAME`, else
    /// `forebay`.
    #[serde(default)]
    pub service_name: Option<String>,
}

fn yes() -> bool {
    true
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self {
            endpoint: None,
            headers: BTreeMap::new(),
            traces: true,
            metrics: true,
            sample_ratio: None,
            interval: None,
            service_name: None,
        }
    }
}

impl TelemetrySettings {
    /// What a schema cannot say of it, in a binary that can send it or not. Pure.
    pub(crate) fn check(&self, is_built_in: bool) -> Vec<Problem> {
        if !is_built_in {
            let message = "this binary cannot send telemetry: OpenTelemetry was not compiled in";
            let help = "build forebay with `--features otel`, or take the table out";
            return vec![Problem::at("", message).help(help)];
        }
        let endpoint = self.endpoint.iter().filter(|endpoint| !is_url(endpoint)).map(|endpoint| {
            let message = format!("`{endpoint}` is no URL of a collector");
            Problem::at("endpoint", message).help("write it as \"http://127.0.0.1:4318\"")
        });
        let headers = self.headers.iter().filter_map(|(name, value)| {
            let message = if HeaderName::try_from(name).is_err() {
                format!("`{name}` is no name of a header")
            } else if HeaderValue::try_from(value.reveal()).is_err() {
                format!("the value of `{name}` has characters that no header can have")
            } else {
                return None;
            };
            Some(Problem::at("headers", message))
        });
        let is_share = |ratio: &f64| (0.0..=1.0).contains(ratio);
        let ratio = self.sample_ratio.iter().filter(|ratio| !is_share(ratio));
        let ratio = ratio.map(|_| Problem::at("sample_ratio", "must be from 0 to 1"));
        let interval = self.interval.iter().filter(|interval| interval.0.is_zero());
        let interval = interval.map(|_| Problem::at("interval", "must be above 0"));
        endpoint.chain(headers).chain(ratio).chain(interval).collect()
    }
}

/// Whether requests can be sent there.
fn is_url(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.host().is_some_and(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let settings: TelemetrySettings = toml::from_str(text).unwrap();
        settings.check(true).into_iter().map(|problem| problem.path.join(".")).collect()
    }

    #[test]
    fn what_is_wrong_is_found_in_one_run() {
        let well = "endpoint = \"https://collector.example:4318/otlp\"\nsample_ratio = 0.1\n\
                    headers = { authorization = \"Bearer x\" }";
        assert!(problems(well).is_empty() && problems("").is_empty());
        let bad = "endpoint = \"collector:4318\"\nsample_ratio = 1.5\ninterval = \"0s\"\n\
                   headers = { \"a b\" = \"x\", c = \"x\\ny\" }";
        assert_eq!(problems(bad), ["endpoint", "headers", "headers", "sample_ratio", "interval"]);
    }

    #[test]
    fn a_binary_without_it_says_how_to_build_one() {
        let told = TelemetrySettings::default().check(false);
        assert!(told[0].help.as_ref().is_some_and(|help| help.contains("--features otel")));
    }
}
