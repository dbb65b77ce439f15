//! What is to be sent.

use crate::config::{Environment, TelemetrySettings};

/// The variables that turn it on where the configuration says nothing of it
/// ([OTLP exporter](https://opentelemetry.io/docs/specs/otel/protocol/exporter/)).
const ENDPOINTS: [&str; 3] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
];

/// What is to be sent, and where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted {
    /// What the configuration says, with `traces` and `metrics` as the variables leave them.
    pub(crate) settings: TelemetrySettings,
    /// Whether the variables name the service.
    pub(crate) is_named: bool,
}

impl Wanted {
    /// What is to be sent; `None` for nothing. The variables are those of the
    /// [specification](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
    pub(crate) fn of(
        settings: Option<&TelemetrySettings>,
        variable: &Environment<'_>,
    ) -> Option<Self> {
        // An empty variable is one that is not set.
        let variable = |name: &str| variable(name).filter(|text| !text.trim().is_empty());
        let is = |name: &str, word: &str| {
            variable(name).is_some_and(|text| text.trim().eq_ignore_ascii_case(word))
        };
        let is_asked_for =
            settings.is_some() || ENDPOINTS.iter().any(|name| variable(name).is_some());
        if !is_asked_for || is("OTEL_SDK_DISABLED", "true") {
            return None;
        }
        let mut settings = settings.cloned().unwrap_or_default();
        settings.traces &= !is("OTEL_TRACES_EXPORTER", "none");
        settings.metrics &= !is("OTEL_METRICS_EXPORTER", "none");
        let is_attribute = |text: String| {
            let mut names = text.split(',').filter_map(|pair| pair.split('=').next());
            names.any(|name| name.trim() == "service.name")
        };
        let is_named = variable("OTEL_SERVICE_NAME").is_some()
            || variable("OTEL_RESOURCE_ATTRIBUTES").is_some_and(is_attribute);
        let sends = settings.traces || settings.metrics;
        sends.then_some(Self { settings, is_named })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(is_configured: bool, variables: &[(&str, &str)]) -> Option<Wanted> {
        let settings = is_configured.then(TelemetrySettings::default);
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, text)| (*text).to_owned())
        };
        Wanted::of(settings.as_ref(), &variable)
    }

    #[test]
    fn the_configuration_or_a_variable_turns_it_on_and_another_off() {
        let to = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
        assert_eq!(of(false, &[]), None);
        assert_eq!(of(false, &[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), None);
        assert!(of(true, &[]).is_some_and(|it| !it.is_named));
        assert!(of(false, &[to]).is_some());
        assert_eq!(of(true, &[to, ("OTEL_SDK_DISABLED", "TRUE")]), None);

        let none = [("OTEL_TRACES_EXPORTER", "none"), ("OTEL_METRICS_EXPORTER", "none")];
        let one = of(true, &none[..1]).unwrap().settings;
        assert_eq!((one.traces, one.metrics), (false, true));
        assert_eq!(of(true, &none), None);
    }

    #[test]
    fn the_name_that_the_variables_give_is_known() {
        for (name, text, expected) in [
            ("OTEL_SERVICE_NAME", "orders", true),
            ("OTEL_RESOURCE_ATTRIBUTES", "a=b, service.name=orders", true),
            ("OTEL_RESOURCE_ATTRIBUTES", "host.name=a", false),
        ] {
            assert_eq!(of(true, &[(name, text)]).unwrap().is_named, expected, "{name}={text}");
        }
    }
}
