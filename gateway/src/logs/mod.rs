//! Logging: lines for people, or JSON for machines, to standard error. What repeats itself is
//! counted (`quiet`), and all lines are (`counts`).

mod counts;
mod quiet;

use std::io::IsTerminal;
use std::time::Instant;

use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub(crate) use counts::counts;
use quiet::{Counting, Quiet};

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
    let format = settings.format;
    let quiet = Quiet::new(counts(), Instant::now);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let started = match format {
        LogFormat::Text => {
            let ansi = std::io::stderr().is_terminal();
            let inner = format::format().with_ansi(ansi);
            let lines = builder.with_ansi(ansi).event_format(Counting { inner, format });
            lines.finish().with(quiet).try_init()
        }
        LogFormat::Json => {
            let inner = format::format().json().flatten_event(true);
            let lines = builder.json().flatten_event(true).event_format(Counting { inner, format });
            lines.finish().with(quiet).try_init()
        }
    };
    started.map_err(|error| LogError::Twice(error.into()))
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
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

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

    /// What is written to the log, kept.
    #[derive(Clone, Default)]
    struct Kept(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl std::io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// By how many seconds the time is ahead.
    static AHEAD: AtomicU64 = AtomicU64::new(0);

    fn ahead() -> Instant {
        Instant::now() + Duration::from_secs(AHEAD.load(Ordering::Relaxed))
    }

    #[test]
    fn what_repeats_itself_is_counted_and_told_with_the_next_and_what_is_new_is_written() {
        let kept = Kept::default();
        let writer = kept.clone();
        let before = counts().held_back();
        let inner = format::format().with_ansi(false);
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .event_format(Counting { inner, format: LogFormat::Text })
            .finish()
            .with(Quiet::new(counts(), ahead));
        tracing::subscriber::with_default(subscriber, || {
            let repeat = |times| {
                for attempt in 0..times {
                    tracing::warn!(attempt, "the sink does not take the batch");
                    tracing::info!("a person did something");
                }
            };
            repeat(5);
            tracing::warn!(sink = "other", "the sink does not take the batch");
            AHEAD.store(60, Ordering::Relaxed);
            repeat(2);
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches("does not take").count(), 3, "{text}");
        assert_eq!(text.matches("a person").count(), 7, "{text}");
        assert_eq!(text.matches("    4 lines like the next were held back\n").count(), 1, "{text}");
        assert!(counts().held_back() >= before + 5);
    }

    #[test]
    fn directives_that_are_none_are_refused_with_an_example() {
        let error = filter(&LogSettings::default(), Some("forebay=loud")).unwrap_err().to_string();
        assert!(error.contains("forebay=loud") && error.contains("forebay_core=debug"), "{error}");
    }
}
