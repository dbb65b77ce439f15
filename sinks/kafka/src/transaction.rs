//! Writing exactly once: a transaction for each batch, and the mark by which it is known again.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use forebay_core::Batch;
use forebay_core::dead_letter::Reason;
use forebay_core::sink::{SinkError, Written};
use rdkafka::TopicPartitionList;
use rdkafka::error::KafkaError;
use rdkafka::producer::Producer as _;
use rdkafka::types::RDKafkaErrorCode as Code;

use crate::client::{Client, Halt};
use crate::mark::{LeftOut, Mark, Verdict};
use crate::marks::{Marks, offsets};
use crate::patience::NoAnswer;
use crate::round::round;
use crate::work::{Dead, Work};
use crate::writer::{Writer, no_connection};

/// How long one call about transactions may take.
const CALL: Duration = Duration::from_secs(8);
/// How often a call is repeated that may be repeated.
const PART: Duration = Duration::from_millis(500);

impl Writer {
    /// Ends what any earlier client of this transactional id left, and shuts it out.
    pub(crate) fn begin_transactions(&mut self) -> Result<(), SinkError> {
        self.ledger.begin();
        let Some(client) = &self.client else { return Ok(()) };
        let began = repeat(CALL, || client.producer.init_transactions(PART));
        began.map_err(|error| self.explain("transactions cannot begin", &error, None))?;
        let id = self.plan.transactional_id.as_deref().unwrap_or_default();
        let connection = &self.plan.options.connection;
        let marks = Marks::new(connection, &self.plan.base, &client.events, id);
        self.marks = Some(marks.map_err(|error| SinkError::Transient(error.to_string()))?);
        Ok(())
    }

    /// Writes a batch in one transaction, unless it was written before.
    pub(crate) fn write_once(
        &mut self,
        batch: &Batch,
        cancel: &AtomicBool,
    ) -> Result<Written, SinkError> {
        let mut work = Work::new(batch).map_err(SinkError::Fatal)?;
        self.client.iter_mut().for_each(|client| client.topics.hope_again());
        loop {
            self.ask_for_marks(&work)?;
            if let Some(written) = self.written_before(&mut work)? {
                self.status.add(&self.status.recognised, 1);
                return Ok(written);
            }
            let begun = Instant::now();
            self.call("a transaction cannot begin", begun, |client| {
                client.producer.begin_transaction()
            })?;
            let is_hopeless = |failure| self.plan.is_hopeless(failure);
            let Some(client) = &mut self.client else { return Err(no_connection()) };
            match round(client, &self.plan.shape, &mut work, &is_hopeless, cancel) {
                Ok(()) if !client.deliveries.has_failures() => return self.commit(&work, begun),
                Ok(()) | Err(Halt::Refused) => self.try_otherwise(&mut work, begun)?,
                Err(halt) => return Err(self.gave_up(halt, begun)),
            }
        }
    }

    /// Some rows were not written, so none is. If some of them can never be, or may be written in
    /// smaller requests, another transaction does without them or with these; else it is for the
    /// engine to try again.
    fn try_otherwise(&mut self, work: &mut Work, begun: Instant) -> Result<(), SinkError> {
        self.status.add(&self.status.aborted, 1);
        if let Some((code, text)) = self.client.as_ref().and_then(Client::fatal)
            && is_fenced(code)
        {
            return Err(self.gave_up(Halt::Lost(text), begun));
        }
        let trouble = self.client.as_ref().and_then(|client| client.events.trouble());
        // The next client aborts what this one began.
        let (reports, _) = self.lose();
        let dead = work.dead.len();
        let rest = self.sort_out(work, &reports);
        if rest.alone.is_empty() && work.dead.len() == dead {
            let reason = self.passing(work, &reports).map(|(_, reason)| reason.text);
            let text = reason.unwrap_or_else(|| "the transaction was aborted".to_owned());
            let text = trouble.map_or(text.clone(), |trouble| format!("{text}: {trouble}"));
            return Err(SinkError::Disconnected(text));
        }
        if !rest.alone.is_empty() {
            work.suspect(&rest.alone);
        }
        // Rows that say themselves that they are unfit will say so again.
        work.dead.retain(|dead| !dead.is_plain);
        work.begin_anew();
        self.connect()
    }

    /// A transaction cannot go on.
    fn gave_up(&mut self, halt: Halt, begun: Instant) -> SinkError {
        let fatal = self.client.as_ref().and_then(Client::fatal);
        self.lose();
        match (halt, fatal) {
            (_, Some((code, text))) if is_fenced(code) => self.fenced(&text, Some(begun)),
            (Halt::Columns(text), _) => SinkError::Fatal(text),
            (Halt::Stalled(text) | Halt::Lost(text), _) => SinkError::Disconnected(text),
            (Halt::Cancelled | Halt::Refused, _) => {
                SinkError::Disconnected("the transaction was given up".to_owned())
            }
        }
    }

    /// Finds the newest mark at the topics of a batch.
    fn ask_for_marks(&mut self, work: &Work) -> Result<(), SinkError> {
        let mut topics = BTreeSet::new();
        match self.plan.shape.topic() {
            Some(topic) => {
                topics.insert(topic.to_owned());
            }
            None if self.ledger.to_ask(&BTreeSet::from([String::new()])).is_empty() => {}
            None => topics = topics_of(self, work)?,
        }
        let topics = self.ledger.to_ask(&topics);
        if topics.is_empty() {
            return Ok(());
        }
        let Some(marks) = &self.marks else { return Err(no_connection()) };
        let found = repeat(CALL, || marks.fetch(&topics, PART)).map_err(|error| {
            let text = "the mark of what was written last cannot be read";
            self.explain(text, &error, None)
        })?;
        self.ledger.found(topics, found, &work.batch.lineage);
        Ok(())
    }

    /// The answer for a batch that was written before; `None` if it was not.
    fn written_before(&self, work: &mut Work) -> Result<Option<Written>, SinkError> {
        let Some(mark) = &self.ledger.mark else { return Ok(None) };
        let left_out = match mark.judge(&work.batch) {
            Verdict::New => return Ok(None),
            Verdict::Conflict(text) => return Err(SinkError::Fatal(text)),
            Verdict::Written(None) => return Ok(Some(Written::all())),
            Verdict::Written(Some(left_out)) => left_out,
        };
        self.each_record(work, |_, _| {}).map_err(SinkError::Fatal)?;
        let plain = work.dead.len();
        let refused = left_out.refused(u32::try_from(work.len()).unwrap_or(u32::MAX));
        let Some(refused) = refused.filter(|_| plain == left_out.plain as usize) else {
            return Err(SinkError::Fatal(format!(
                "batch {} comes again, and other rows of it are fit for records than when it was \
                 written: set the options of the sink as they were, or delete the checkpoint to \
                 begin anew",
                work.batch.id
            )));
        };
        let reason = Reason::new("refused", "the brokers refused the record");
        let dead = |row| Dead { row, reason: reason.clone(), is_plain: false };
        work.dead.extend(refused.into_iter().map(dead));
        Ok(Some(work.answer(Vec::new())))
    }

    /// Looks at the record of each row. Rows that can be none are noted.
    fn each_record(&self, work: &mut Work, mut look: impl FnMut(u32, &str)) -> Result<(), String> {
        let mut row = 0;
        for chunk in &work.batch.chunks {
            let mut records = self.plan.shape.bind(&chunk.columns)?;
            for within in 0..chunk.columns.num_rows() {
                match records.get(within) {
                    Ok(record) => look(row, record.topic),
                    Err(reason) => work.dead.push(Dead { row, reason, is_plain: true }),
                }
                row += 1;
            }
        }
        Ok(())
    }

    /// Commits what was handed over, with the mark.
    fn commit(&mut self, work: &Work, begun: Instant) -> Result<Written, SinkError> {
        let plain = work.dead.iter().filter(|dead| dead.is_plain).count();
        let mut refused: Vec<u32> =
            work.dead.iter().filter(|dead| !dead.is_plain).map(|dead| dead.row).collect();
        refused.sort_unstable();
        refused.dedup();
        let plain = u32::try_from(plain).unwrap_or(u32::MAX);
        let left_out = LeftOut::new(work.batch.id, plain, &refused);
        let mark = match Mark::next(self.ledger.mark.as_ref(), &work.batch, left_out) {
            Ok(mark) => mark,
            Err(text) => {
                self.lose();
                return Err(SinkError::Fatal(text));
            }
        };
        let offsets = offsets(&work.topics, &mark);
        let offsets = offsets.map_err(|error| SinkError::Fatal(error.to_string()))?;
        if !work.topics.is_empty() {
            self.write_mark(offsets, begun)?;
        }
        self.call("a transaction cannot be committed", begun, |client| {
            repeat(CALL, || client.producer.commit_transaction(PART))
        })?;
        self.status.add(&self.status.committed, 1);
        if !work.topics.is_empty() {
            self.ledger.committed(mark);
            self.marks.iter_mut().for_each(Marks::stop_reading);
        }
        Ok(work.answer(Vec::new()))
    }

    /// Writes the mark, as offsets of the transaction. While the broker that coordinates the group
    /// is away, librdkafka may wait for it whatever time-out it is given.
    fn write_mark(&mut self, offsets: TopicPartitionList, begun: Instant) -> Result<(), SinkError> {
        let (Some(client), Some(marks)) = (&self.client, self.marks.take()) else {
            return Err(no_connection());
        };
        let producer = client.producer.clone();
        let limit = self.patience.limit();
        let sent = self.patience.call(move || {
            let sent = repeat(limit.saturating_sub(PART * 2), || {
                producer.send_offsets_to_transaction(&offsets, marks.group(), PART)
            });
            (sent, marks)
        });
        self.patience.learn(matches!(&sent, Ok((Ok(()), _))));
        let what = "the mark cannot be written";
        let reason = match sent {
            Ok((sent, marks)) => {
                self.marks = Some(marks);
                return self.call(what, begun, |_| sent);
            }
            Err(reason) => reason,
        };
        // The transaction stays open until the next client ends it.
        self.lose();
        let id = self.plan.transactional_id.as_deref().unwrap_or_default();
        Err(SinkError::Disconnected(match reason {
            NoAnswer::Hanging => format!(
                "{what}: the broker that coordinates the group `{id}` has not answered for {} s",
                limit.as_secs()
            ),
            NoAnswer::Failed => format!("{what}: there is no thread for it"),
        }))
    }

    /// Makes a call about transactions. If it fails, nobody knows how far it came: the client is
    /// given up, and the next one finds out.
    fn call(
        &mut self,
        what: &str,
        begun: Instant,
        call: impl FnOnce(&Client) -> Result<(), KafkaError>,
    ) -> Result<(), SinkError> {
        let Some(client) = &self.client else { return Err(no_connection()) };
        let Err(error) = call(client) else { return Ok(()) };
        let error = self.explain(what, &error, Some(begun));
        self.lose();
        Err(error)
    }

    /// What an error of a call means.
    fn explain(&self, what: &str, error: &KafkaError, begun: Option<Instant>) -> SinkError {
        let fatal = self.client.as_ref().and_then(Client::fatal);
        let code = fatal.as_ref().map(|(code, _)| *code).or(error.rdkafka_error_code());
        if code.is_some_and(is_fenced) {
            return self.fenced(&error.to_string(), begun);
        }
        let id = self.plan.transactional_id.as_deref().unwrap_or_default();
        let text = match code {
            Some(Code::TransactionalIdAuthorizationFailed) => format!(
                "{what}: this client may not use the transactional id `{id}`: allow it WRITE and \
                 DESCRIBE"
            ),
            Some(Code::GroupAuthorizationFailed) => {
                format!("{what}: this client may not use the group `{id}`: allow it READ")
            }
            Some(Code::InvalidTransactionTimeout) => {
                return SinkError::Fatal(format!(
                    "{what}: `transaction_timeout` is longer than the brokers' \
                     transaction.max.timeout.ms"
                ));
            }
            _ => {
                let text = format!("{what}: {error}");
                self.client.as_ref().map_or(text.clone(), |client| client.events.explain(text))
            }
        };
        SinkError::Disconnected(text)
    }

    /// Another client took the transactional id, or the brokers took it because the transaction
    /// lasted too long.
    fn fenced(&self, text: &str, begun: Option<Instant>) -> SinkError {
        let timeout = self.plan.options.transaction_timeout.0;
        let id = self.plan.transactional_id.as_deref().unwrap_or_default();
        if begun.is_some_and(|begun| begun.elapsed() >= timeout) {
            return SinkError::Reset(format!(
                "the transaction took longer than `transaction_timeout`, and the brokers aborted \
                 it: {text}"
            ));
        }
        SinkError::Fatal(format!(
            "another process writes with the transactional id `{id}`, so this one stops: end one \
             of them, or give each a `transactional_id` of its own ({text})"
        ))
    }
}

fn topics_of(writer: &Writer, work: &Work) -> Result<BTreeSet<String>, SinkError> {
    let mut topics = BTreeSet::new();
    let mut last = String::new();
    let look = |_: u32, topic: &str| {
        if last != topic {
            topics.insert(topic.to_owned());
            topic.clone_into(&mut last);
        }
    };
    let mut copy = Work::new(&work.batch).map_err(SinkError::Fatal)?;
    writer.each_record(&mut copy, look).map_err(SinkError::Fatal)?;
    Ok(topics)
}

/// Repeats a call for as long as it says that it may be repeated.
fn repeat<T>(
    within: Duration,
    mut call: impl FnMut() -> Result<T, KafkaError>,
) -> Result<T, KafkaError> {
    let deadline = Instant::now() + within;
    loop {
        match call() {
            Err(error) if is_repeatable(&error) && Instant::now() < deadline => {}
            result => return result,
        }
    }
}

fn is_repeatable(error: &KafkaError) -> bool {
    match error {
        KafkaError::Transaction(error) => error.is_retriable(),
        other => matches!(
            other.rdkafka_error_code(),
            Some(
                Code::OperationTimedOut
                    | Code::RequestTimedOut
                    | Code::UnstableOffsetCommit
                    | Code::WaitingForCoordinator
                    | Code::CoordinatorLoadInProgress
                    | Code::CoordinatorNotAvailable
                    | Code::NotCoordinator
            )
        ),
    }
}

fn is_fenced(code: Code) -> bool {
    matches!(code, Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch)
}
