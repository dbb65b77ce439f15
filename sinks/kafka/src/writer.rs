//! The sink's work, which blocks.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use forebay_clients::kafka::{Cause, Trouble};
use forebay_core::Batch;
use forebay_core::dead_letter::Reason;
use forebay_core::sink::{SinkError, Written};
use rdkafka::producer::Producer as _;
use rdkafka::types::RDKafkaErrorCode as Code;

use crate::client::{Client, Halt};
use crate::deliveries::Report;
use crate::failure::{Failure, ended, tells_least};
use crate::ledger::Ledger;
use crate::marks::Marks;
use crate::patience::Patience;
use crate::plan::Plan;
use crate::remainder::{Remainder, remainder};
use crate::round::round;
use crate::status::Status;
use crate::topics::{ANSWER, State};
use crate::work::{Dead, Work};

/// The sink's work, which blocks: connecting, and writing at least once. How it writes exactly
/// once stands in `transaction`.
pub(crate) struct Writer {
    pub(crate) plan: Plan,
    pub(crate) status: Arc<Status>,
    pub(crate) client: Option<Client>,
    /// A batch that the engine was told to bring again: what is known of its rows is kept, so
    /// that only the rest is written.
    work: Option<Work>,
    pub(crate) ledger: Ledger,
    /// For `exactly_once`.
    pub(crate) marks: Option<Marks>,
    /// What the last client that was ended complained of.
    trouble: Option<Trouble>,
    pub(crate) patience: Patience,
}

impl Writer {
    pub(crate) fn new(plan: Plan, status: Arc<Status>) -> Self {
        Self {
            plan,
            status,
            client: None,
            work: None,
            ledger: Ledger::default(),
            marks: None,
            trouble: None,
            patience: Patience::default(),
        }
    }

    /// Makes a client if there is none, and sees whether brokers and topic are there.
    pub(crate) fn connect(&mut self) -> Result<(), SinkError> {
        if self.client.as_ref().is_some_and(|client| client.fatal().is_some()) {
            self.lose();
        }
        let is_new = self.client.is_none();
        if is_new {
            self.patience.check()?;
            let Plan { options, name, base, transactional_id, .. } = &self.plan;
            let client = Client::new(name, options, base, transactional_id.as_deref());
            // Files that are read now, such as certificates, may be mended.
            self.client = Some(client.map_err(SinkError::Transient)?);
            self.status.add(&self.status.clients, 1);
        }
        let reached = self.reach();
        if is_new && self.plan.transactional_id.is_some() {
            let fenced = reached.and_then(|()| self.begin_transactions());
            if fenced.is_err() {
                self.lose();
            }
            return fenced;
        }
        reached
    }

    fn reach(&mut self) -> Result<(), SinkError> {
        let Some(client) = &mut self.client else { return Ok(()) };
        let away = |text: String| SinkError::Disconnected(client.events.explain(text));
        let Some(topic) = self.plan.shape.topic() else {
            let id = client.producer.client().fetch_cluster_id(ANSWER);
            let text = format!("no broker answers within {} s", ANSWER.as_secs());
            return id.map(drop).ok_or_else(|| away(text));
        };
        match client.topics.ask(&client.producer, topic).map_err(away)? {
            State::There(_) => {}
            State::Unfit(code) => {
                let failure = Failure::of(code);
                if !self.plan.is_hopeless(failure) {
                    return Err(SinkError::Transient(failure.reason(code, topic).text));
                }
            }
        }
        client.events.recovered();
        Ok(())
    }

    /// Another run begins: what an earlier one left on its way is given up.
    pub(crate) fn recover(&mut self) -> Result<(), SinkError> {
        self.work = None;
        if self.client.as_ref().is_some_and(|client| client.deliveries.pending() > 0) {
            self.lose();
            return self.connect();
        }
        Ok(())
    }

    /// Ends the client.
    pub(crate) fn close(&mut self) {
        self.work = None;
        self.lose();
    }

    /// Ends the client, and says what it reports last of records that were on their way, and
    /// whether reports are missing.
    pub(crate) fn lose(&mut self) -> (Vec<Report>, bool) {
        self.marks = None;
        let Some(client) = self.client.take() else { return Default::default() };
        self.trouble = client.events.trouble();
        client.end()
    }

    /// Writes a batch.
    pub(crate) fn write(
        &mut self,
        batch: &Batch,
        cancel: &AtomicBool,
    ) -> Result<Written, SinkError> {
        if batch.num_rows() == 0 {
            return Ok(Written::all());
        }
        let result = match self.plan.transactional_id.is_some() {
            true => self.write_once(batch, cancel),
            false => self.write_at_least_once(batch, cancel),
        };
        match &result {
            Ok(written) => {
                self.status.add(&self.status.records, batch.num_rows() - written.rejected.len());
                self.status.trouble(None);
            }
            Err(error) => self.status.trouble(Some(&error.to_string())),
        }
        result
    }

    fn write_at_least_once(
        &mut self,
        batch: &Batch,
        cancel: &AtomicBool,
    ) -> Result<Written, SinkError> {
        let known = self.work.take().filter(|work| work.is_of(batch));
        let Some(client) = &mut self.client else {
            return Err(no_connection());
        };
        if known.is_none() && client.deliveries.pending() > 0 {
            self.lose();
            return Err(SinkError::Disconnected("an earlier batch was given up".to_owned()));
        }
        let mut work = match known {
            Some(work) => work,
            None => Work::new(batch).map_err(SinkError::Fatal)?,
        };
        client.topics.hope_again();
        loop {
            let is_hopeless = |failure| self.plan.is_hopeless(failure);
            let Some(client) = &mut self.client else { return Err(no_connection()) };
            match round(client, &self.plan.shape, &mut work, &is_hopeless, cancel) {
                Ok(()) => {}
                Err(Halt::Refused) => {
                    self.divide(&mut work);
                    if let Err(error) = self.connect() {
                        self.work = Some(work);
                        return Err(error);
                    }
                    continue;
                }
                Err(halt) => return Err(self.halted(work, halt)),
            }
            let reports = client.deliveries.take();
            let rest = self.sort_out(&mut work, &reports);
            if rest.again.is_empty() {
                return Ok(work.answer(Vec::new()));
            }
            self.client.iter_mut().for_each(|client| client.topics.forget());
            self.status.add(&self.status.written_again, rest.again.len());
            let reason = self.passing(&work, &reports).map(|(failed, reason)| {
                let is_all = failed == work.len();
                (is_all, reason)
            });
            work.suspects.clear();
            match reason {
                None => work.begin(rest.again),
                Some((true, reason)) => {
                    work.begin(rest.again);
                    self.work = Some(work);
                    return Err(SinkError::Transient(reason.text));
                }
                Some((false, reason)) => {
                    let again = rest.again.into_iter().map(|row| (row, reason.clone())).collect();
                    return Ok(work.answer(again));
                }
            }
        }
    }

    /// The brokers refused a request: the rows in it are divided among more requests of another
    /// client.
    fn divide(&mut self, work: &mut Work) {
        let (reports, is_missing_some) = self.lose();
        let rest = self.sort_out(work, &reports);
        self.status.add(&self.status.written_again, rest.again.len());
        work.suspects.clear();
        work.resume((!is_missing_some).then_some(rest.again));
        if !rest.alone.is_empty() {
            work.suspect(&rest.alone);
        }
    }

    /// Keeps what is known of the batch for when it comes again.
    fn halted(&mut self, mut work: Work, halt: Halt) -> SinkError {
        let error = match halt {
            Halt::Columns(text) => return SinkError::Fatal(text),
            Halt::Cancelled => SinkError::Transient("the pipeline does not wait".to_owned()),
            Halt::Stalled(text) => SinkError::Disconnected(text),
            Halt::Refused => SinkError::Transient("the brokers refused a request".to_owned()),
            Halt::Lost(text) => {
                let fatal = self.client.as_ref().and_then(Client::fatal);
                let text = ended(fatal.map(|(code, _)| code), text);
                let (reports, is_missing_some) = self.lose();
                let again = self.sort_out(&mut work, &reports).again;
                work.resume((!is_missing_some).then_some(again));
                SinkError::Disconnected(text)
            }
        };
        self.work = Some(work);
        error
    }

    /// What is to be done about the rows of a round. Those that can never be written are noted.
    pub(crate) fn sort_out(&self, work: &mut Work, reports: &[Report]) -> Remainder {
        if reports.is_empty() {
            return Remainder::default();
        }
        let topics = topics_of(&self.plan, work, reports);
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        for topic in topics.values() {
            let next = numbers.len();
            numbers.entry(topic).or_insert(next);
        }
        let number = |row: u32| topics.get(&row).map_or(usize::MAX, |topic| numbers[&**topic]);
        let is_alone = |row| work.crowd == 1 && work.suspects.contains(&row);
        let is_hopeless = |failure| self.plan.is_hopeless(failure);
        let rest = remainder(reports, number, is_alone, is_hopeless);
        for report in &rest.failed {
            let Some(code) = report.error else { continue };
            let topic = topics.get(&report.row).map_or("", |topic| topic);
            let reason = Failure::of(code).reason(code, topic);
            work.dead.push(Dead { row: report.row, reason, is_plain: false });
        }
        rest
    }

    /// Whether the client that was ended last had no right to what it was to do.
    fn is_forbidden(&self) -> bool {
        self.trouble.as_ref().is_some_and(|trouble| trouble.cause == Cause::Authorization)
    }

    /// How many rows failed for a reason that passes, and such a reason.
    pub(crate) fn passing(&self, work: &Work, reports: &[Report]) -> Option<(usize, Reason)> {
        let passes = |report: &&Report| {
            let failure = report.error.map(Failure::of);
            failure.is_some_and(|failure| match failure {
                Failure::Refused | Failure::Neighbour => false,
                other => !self.plan.is_hopeless(other),
            })
        };
        let telling = |report: &&Report| report.error.map_or(u8::MAX, tells_least);
        let first = reports.iter().filter(passes).min_by_key(telling)?;
        let code = match first.error? {
            // What was purged was never sent: the whole transaction may not be.
            Code::PurgeQueue | Code::PurgeInflight if self.is_forbidden() => {
                Code::TopicAuthorizationFailed
            }
            code => code,
        };
        let topics = topics_of(&self.plan, work, std::slice::from_ref(first));
        let topic = topics.get(&first.row).map_or("", |topic| topic);
        let reason = Failure::of(code).reason(code, topic);
        let reason = match &self.client {
            Some(client) => Reason::new(reason.class, client.events.explain(reason.text)),
            None => reason,
        };
        Some((reports.iter().filter(passes).count(), reason))
    }
}

pub(crate) fn no_connection() -> SinkError {
    SinkError::Disconnected("there is no connection".to_owned())
}

/// The topics of rows that were reported.
fn topics_of(plan: &Plan, work: &Work, reports: &[Report]) -> HashMap<u32, String> {
    let mut topics = HashMap::with_capacity(reports.len());
    let mut bound = None;
    for report in reports {
        let (chunk, row) = work.place(report.row);
        let records = match &mut bound {
            Some((bound, records)) if *bound == chunk => records,
            _ => match plan.shape.bind(&work.batch.chunks[chunk].columns) {
                Ok(records) => &mut bound.insert((chunk, records)).1,
                Err(_) => continue,
            },
        };
        if let Ok(record) = records.get(row) {
            topics.insert(report.row, record.topic.to_owned());
        }
    }
    topics
}
