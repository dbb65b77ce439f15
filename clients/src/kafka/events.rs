//! What a client of librdkafka tells about itself.

use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_core::flood::Flood;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::statistics::Statistics;

use super::connection::KafkaConnection;
use super::token::Tokens;
use super::trouble::{Cause, Trouble, essence};

/// What librdkafka calls failures of transactions in its log.
const TRANSACTION: &str = "TXNERR";

/// How long a trouble explains what fails.
const RELEVANT: Duration = Duration::from_secs(120);

/// Turns what librdkafka logs and reports into events of ours, without a flood, and remembers the
/// last trouble.
///
/// It is the context of a client that needs no other; a context with more to do keeps one, hands
/// it `log`, `error` and `generate_oauth_token`, and sets `ENABLE_REFRESH_OAUTH_TOKEN`.
#[derive(Debug)]
pub struct ClientEvents {
    name: Arc<str>,
    tokens: Option<Tokens>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    flood: Flood,
    trouble: Option<Trouble>,
}

impl ClientEvents {
    /// The events of a client of this connection. `name` is that of the source or sink in the
    /// configuration; files of the connection are relative to `base`.
    #[must_use]
    pub fn new(name: Arc<str>, connection: &KafkaConnection, base: &Path) -> Arc<Self> {
        let token = connection.sasl.as_ref().and_then(|sasl| sasl.token());
        let tokens = token.map(|token| Tokens::new(token, base));
        Arc::new(Self { name, tokens, state: Mutex::default() })
    }

    /// The last trouble, until [`recovered`](Self::recovered) or for two minutes.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.state().trouble.clone().filter(|trouble| trouble.at.elapsed() < RELEVANT)
    }

    /// Forgets the trouble: brokers answer as they should.
    pub fn recovered(&self) {
        self.state().trouble = None;
    }

    /// A failure with the trouble that is likely behind it:
    /// `timed out: authentication failed: ...`.
    #[must_use]
    pub fn explain(&self, failure: impl std::fmt::Display) -> String {
        match self.trouble() {
            Some(trouble) => format!("{failure}: {trouble}"),
            None => failure.to_string(),
        }
    }

    /// Notes an error that an answer of a broker or a call of the client brought.
    pub fn note(&self, error: &KafkaError, reason: &str) {
        let code = error.rdkafka_error_code();
        let cause = code.map_or(Cause::Other, Cause::of);
        let text = essence(if reason.is_empty() { "" } else { reason });
        let text = if text.is_empty() { error.to_string() } else { text.to_owned() };
        let cause = cause.refined(&text);
        let now = Instant::now();
        let mut state = self.state();
        // That nobody answers follows from what was wrong in particular, and says less.
        let known = state.trouble.as_mut().filter(|known| {
            known.cause.is_specific() && !cause.is_specific() && now - known.at < RELEVANT
        });
        match known {
            Some(known) if cause == Cause::Unreachable => known.at = now,
            _ => state.trouble = Some(Trouble { cause, text, at: now }),
        }
    }

    /// Notes why a transaction can only be aborted: librdkafka tells it nowhere but in its log.
    fn note_transaction(&self, text: &str) {
        let text = text.split_once("]: ").map_or(text, |(_, text)| text);
        let cause = match text.contains("authorization failed") {
            true => Cause::Authorization,
            false => Cause::Other,
        };
        self.state().trouble = Some(Trouble { cause, text: text.to_owned(), at: Instant::now() });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, message: &str) -> Option<u64> {
        self.state().flood.admit(message, Instant::now())
    }
}

impl ClientContext for ClientEvents {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        use RDKafkaLogLevel as Level;
        let name = &*self.name;
        match level {
            // These come as errors, too.
            _ if matches!(facility, "FAIL" | "ERROR") => {
                tracing::debug!(component = name, facility, "librdkafka: {text}");
            }
            Level::Emerg | Level::Alert | Level::Critical | Level::Error | Level::Warning => {
                if facility == TRANSACTION {
                    self.note_transaction(text);
                }
                if let Some(held_back) = self.admit(text) {
                    tracing::warn!(component = name, facility, held_back, "librdkafka: {text}");
                }
            }
            Level::Notice | Level::Info => {
                tracing::debug!(component = name, facility, "librdkafka: {text}");
            }
            Level::Debug => tracing::trace!(component = name, facility, "librdkafka: {text}"),
        }
    }

    fn stats(&self, _: Statistics) {}

    fn error(&self, error: KafkaError, reason: &str) {
        self.note(&error, reason);
        if let Some(held_back) = self.admit(essence(reason)) {
            let text = essence(reason);
            let cause = error.rdkafka_error_code().map_or(Cause::Other, Cause::of).refined(text);
            tracing::warn!(component = &*self.name, held_back, "kafka: {cause}: {text}");
        }
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        let Some(tokens) = &self.tokens else {
            return Err("no token is configured".into());
        };
        tokens.fetch().map_err(|text| {
            let trouble = Trouble { cause: Cause::Authentication, text, at: Instant::now() };
            // librdkafka ends texts at a zero byte.
            let text = trouble.text.replace('\0', " ");
            self.state().trouble = Some(trouble);
            text.into()
        })
    }
}

impl ConsumerContext for ClientEvents {}

#[cfg(test)]
mod tests {
    use rdkafka::types::RDKafkaErrorCode as Code;

    use super::*;

    fn events() -> Arc<ClientEvents> {
        let connection = toml::from_str("brokers = [\"127.0.0.1:1\"]").unwrap();
        ClientEvents::new("orders".into(), &connection, Path::new("."))
    }

    #[test]
    fn what_is_wrong_in_particular_explains_a_timeout() {
        let events = events();
        assert_eq!(events.explain("timed out"), "timed out");
        events.error(
            KafkaError::Global(Code::Authentication),
            "b:9: wrong password (after 3ms in state AUTH_REQ)",
        );
        events.error(KafkaError::Global(Code::AllBrokersDown), "1/1 brokers are down");
        assert_eq!(
            events.explain("timed out"),
            "timed out: authentication failed: b:9: wrong password"
        );
        events.recovered();
        assert_eq!(events.explain("timed out"), "timed out");
        events.error(KafkaError::Global(Code::AllBrokersDown), "1/1 brokers are down");
        assert_eq!(
            events.explain("timed out"),
            "timed out: no broker answers: 1/1 brokers are down"
        );
    }

    #[test]
    fn why_a_transaction_failed_stands_in_the_log_alone() {
        let events = events();
        let text = "[thrd:main]: Current transaction failed in state InTransaction: Failed to add \
                    partition(s) to transaction: Broker: Topic authorization failed";
        events.log(RDKafkaLogLevel::Error, TRANSACTION, text);
        let trouble = events.trouble().unwrap();
        assert_eq!(trouble.cause, Cause::Authorization);
        assert!(trouble.text.starts_with("Current transaction failed"), "{}", trouble.text);
        events.log(RDKafkaLogLevel::Error, TRANSACTION, "no room");
        assert_eq!(events.trouble().unwrap().cause, Cause::Other);
    }

    #[test]
    fn a_token_that_cannot_be_fetched_is_a_trouble() {
        let connection: KafkaConnection = toml::from_str(
            "brokers = [\"127.0.0.1:1\"]\nsasl = { mechanism = \"OAUTHBEARER\", token = { file = \"none\" } }",
        )
        .unwrap();
        let events = ClientEvents::new("orders".into(), &connection, Path::new("/nowhere"));
        assert!(events.generate_oauth_token(None).is_err());
        assert!(events.explain("x").contains("cannot read the token in `/nowhere/none`"));
    }
}
