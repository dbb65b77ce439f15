//! Logging: lines for people, or JSON for machines, to standard error.

use std::io::IsTerminal;

use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{LogFormat, LogLevel, LogSettings};

/// The environment variable that overrides the level.
pub const VARIABLE: &str = "FOREBAY_LOG";

/// Why logging could not be set up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LogError {
    /// The variable holds no directives.
    #[error(
        "{VARIABLE}=`{text}` is not understood: {reason}; write `info`, or `warn,forebay_core=debug`"
    )]
    Directives {
        /// What it holds.
        text: String,
        /// Why that is none.
        reason: ParseError,
    },
    /// The process logs already.
    #[error("logging is set up already: {0}")]
    Twice(Box<dyn std::error::Error + Send + Sync>),
}

/// Begins to log, for the rest of the process.
///
/// # Errors
/// If `FOREBAY_LOG` is not understood, or if the process logs already.
pub fn start(settings: &LogSettings, variable: Option<&str>) -> Result<(), LogError> {
    start_on(settings, variable, std::io::stderr)
}

/// The same, to another writer in the place of standard error.
///
/// # Errors
/// See [`start`].
pub fn start_on<W>(
    settings: &LogSettings,
    variable: Option<&str>,
    writer: W,
) -> Result<(), LogError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = filter(settings, variable)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match settings.format {
        LogFormat::Text => {
            builder.with_ansi(std::io::stderr().is_terminal()).try_init().map_err(LogError::Twice)
        }
        LogFormat::Json => builder.json().flatten_event(true).try_init().map_err(LogError::Twice),
    }
}

/// What is let through: what the variable says, else the level of the configuration.
fn filter(settings: &LogSettings, variable: Option<&str>) -> Result<EnvFilter, LogError> {
    // What a driver says of each attempt, the engine says once, and counts.
    let level = match settings.level {
        LogLevel::Error => "error,scylla=off",
        LogLevel::Warn => "warn,scylla=off",
        LogLevel::Info => "info,scylla=off",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    match variable.map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(EnvFilter::new(level)),
        Some(text) => EnvFilter::try_new(text)
            .map_err(|reason| LogError::Directives { text: text.to_owned(), reason }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_wins_over_the_configuration() {
        let settings = LogSettings { level: LogLevel::Warn, ..LogSettings::default() };
        let table = [
            (None, "scylla=off,warn"),
            (Some(" "), "scylla=off,warn"),
            (Some("debug"), "debug"),
            (Some("info,forebay_core=trace"), "forebay_core=trace,info"),
        ];
        for (variable, expected) in table {
            assert_eq!(filter(&settings, variable).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn directives_that_are_none_are_refused_with_an_example() {
        let error = filter(&LogSettings::default(), Some("forebay=loud")).unwrap_err().to_string();
        assert!(error.contains("forebay=loud") && error.contains("forebay_core=debug"), "{error}");
    }
}
