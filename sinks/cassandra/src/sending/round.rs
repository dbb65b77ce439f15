//! Sending all requests of a window once.

use std::sync::Arc;

use forebay_core::dead_letter::Reason;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use scylla::response::query_result::QueryResult;

use super::{Class, InFlight, Progress, Refusal};
use crate::cluster::Statements;
use crate::cluster::prepared::Sending;
use crate::rows::Span;
use crate::rows::values::{Sent, Window};
use crate::status::Status;

/// How often a row alone may make a node fail, while others are written.
const FAILURES: u32 = 5;

/// Sends all requests of a window once.
pub struct Round<'a> {
    /// The session.
    pub session: &'a Arc<Session>,
    /// What is prepared.
    pub statements: &'a mut Statements,
    /// How many requests at the same time.
    pub in_flight: &'a mut InFlight,
    /// How many bytes at the same time.
    pub max_bytes: usize,
    /// Which rows are done.
    pub progress: &'a mut Progress,
    /// What is counted.
    pub status: &'a Status,
}

/// What is to be done about the rows that are left.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Rows that were written.
    pub written: u64,
    /// Rows that were refused, and why.
    pub refused: Vec<(u32, String)>,
    /// The statements do not fit any more.
    pub stale: Option<String>,
    /// It is not allowed.
    pub denied: Option<String>,
    /// The rest may be written later.
    pub again: Option<String>,
    /// Rows that failed alone, how often, and why.
    failed: Vec<(u32, u32, String)>,
    is_halted: bool,
    /// Answers in a row that were trouble.
    in_a_row: usize,
}

impl Round<'_> {
    /// Sends, and waits for all answers.
    pub async fn send(mut self, window: Arc<Window>) -> Outcome {
        let mut outcome = Outcome::default();
        let mut flying = FuturesUnordered::new();
        let mut bytes = 0;
        let mut spans = window.requests.spans.iter().copied().peekable();
        loop {
            while let Some(span) = spans.peek().copied() {
                let is_full = flying.len() >= self.in_flight.limit()
                    || (bytes + span.bytes as usize > self.max_bytes && !flying.is_empty());
                if outcome.is_halted || is_full {
                    break;
                }
                spans.next();
                let Some(sending) = self.statements.sending(span.statement, span.len) else {
                    continue;
                };
                bytes += span.bytes as usize;
                let sent = Sent::new(window.clone(), span);
                flying.push(request(self.session.clone(), sending, sent, span));
            }
            self.status.in_flight(flying.len(), self.in_flight.limit());
            let Some((span, answer)) = flying.next().await else { break };
            bytes -= span.bytes as usize;
            let others = flying.len();
            match answer {
                Ok(result) => self.written(&window, span, &result, others, &mut outcome),
                Err(error) => {
                    let refusal = Refusal::of(&error);
                    self.refused(&window, span, refusal, others, &mut outcome);
                }
            }
        }
        self.status.in_flight(0, self.in_flight.limit());
        self.give_up(&mut outcome);
        outcome
    }

    fn written(
        &mut self,
        window: &Window,
        span: Span,
        result: &QueryResult,
        others: usize,
        outcome: &mut Outcome,
    ) {
        self.in_flight.good(others + 1 >= self.in_flight.limit());
        outcome.in_a_row = 0;
        outcome.written += u64::from(span.len);
        self.status.written(span);
        for number in numbers(window, span) {
            self.progress.written(number);
        }
        for warning in result.warnings() {
            self.status.warned(warning);
        }
    }

    fn refused(
        &mut self,
        window: &Window,
        span: Span,
        refusal: Refusal,
        others: usize,
        outcome: &mut Outcome,
    ) {
        let Refusal { class, text } = refusal;
        self.status.refused(class, &text);
        outcome.in_a_row += 1;
        match class {
            Class::Pressure => {
                self.in_flight.trouble(others);
                outcome.again = Some(text);
            }
            Class::Away => {
                outcome.again = Some(text);
                outcome.is_halted = true;
            }
            Class::Failed => {
                for number in numbers(window, span) {
                    if span.len == 1 {
                        let failures = self.progress.failed(number);
                        outcome.failed.push((number, failures, text.clone()));
                    }
                    self.progress.suspect(number);
                }
                outcome.again = Some(text);
            }
            Class::Stale => {
                outcome.stale = Some(text);
                outcome.is_halted = true;
            }
            Class::Denied => {
                outcome.denied = Some(text);
                outcome.is_halted = true;
            }
            Class::Refused => {
                outcome.refused.extend(numbers(window, span).map(|number| (number, text.clone())));
            }
        }
        // Where nothing is written at all, the rest would fare no better.
        if outcome.in_a_row > 2 * self.in_flight.limit() + 16 {
            outcome.is_halted = true;
        }
    }

    /// Rows that make a node fail each time, while others are written, are dead letters.
    fn give_up(&mut self, outcome: &mut Outcome) {
        let others_are_written = outcome.written > 0 || self.progress.has_written();
        for (number, failures, text) in std::mem::take(&mut outcome.failed) {
            if failures >= FAILURES && others_are_written {
                let text = format!("failed {failures} times, while others were written: {text}");
                self.progress.reject(number, Reason::new("write_failure", text));
            }
        }
    }
}

/// The numbers of a request's rows.
fn numbers(window: &Window, span: Span) -> impl Iterator<Item = u32> + '_ {
    let places = span.start as usize..(span.start + span.len) as usize;
    window.requests.order[places].iter().map(|row| window.encoded.rows[*row as usize].number)
}

async fn request(
    session: Arc<Session>,
    sending: Sending,
    sent: Sent,
    span: Span,
) -> (Span, Result<QueryResult, ExecutionError>) {
    let answer = match sending {
        Sending::Single(statement) => session.execute_unpaged(&statement, sent).await,
        Sending::Batch(batch) => session.batch(&batch, sent).await,
    };
    (span, answer)
}
