//! Prepared statements.

use std::collections::HashMap;
use std::sync::Arc;

use forebay_core::sink::SinkError;
use scylla::client::session::Session;
use scylla::errors::PrepareError;
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::statement::prepared::PreparedStatement;
use tokio::time::timeout;

use super::connection::PATIENCE;
use crate::rows::bound::Way;
use crate::sending::{Class, Refusal};
use crate::table::{Statement, Verb};

/// The statements that are prepared, by index.
#[derive(Default)]
pub struct Statements {
    list: Vec<Prepared>,
}

struct Prepared {
    text: String,
    verb: Verb,
    single: Arc<PreparedStatement>,
    /// Batches of it, by the number of rows: made once, for the driver clones what it sends.
    batches: HashMap<u32, Arc<Batch>>,
}

/// How a request is sent.
#[derive(Clone)]
pub enum Sending {
    /// One row.
    Single(Arc<PreparedStatement>),
    /// Several.
    Batch(Arc<Batch>),
}

impl Statements {
    /// Prepares a statement, or finds it prepared.
    ///
    /// # Errors
    /// The cluster cannot now, or will not.
    pub async fn prepare(
        &mut self,
        session: &Session,
        statement: Statement,
    ) -> Result<Way, SinkError> {
        let layout = statement.layout;
        let index = match self.list.iter().position(|it| it.text == statement.text) {
            Some(index) => index,
            None => {
                let mut single = prepare(session, &statement.text).await?;
                single.set_is_idempotent(layout.verb != Verb::Add);
                self.list.push(Prepared {
                    text: statement.text,
                    verb: layout.verb,
                    single: Arc::new(single),
                    batches: HashMap::new(),
                });
                self.list.len() - 1
            }
        };
        let index = u32::try_from(index)
            .map_err(|_| SinkError::Fatal("there are too many statements".to_owned()))?;
        Ok(Way { statement: index, layout })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How so many rows are sent with a statement; `None` if there is no such statement.
    pub fn sending(&mut self, statement: u32, rows: u32) -> Option<Sending> {
        let prepared = self.list.get_mut(statement as usize)?;
        if rows == 1 {
            return Some(Sending::Single(prepared.single.clone()));
        }
        let Prepared { single, batches, verb, .. } = prepared;
        let batch = batches.entry(rows).or_insert_with(|| {
            let typ = if *verb == Verb::Add { BatchType::Counter } else { BatchType::Unlogged };
            let one = || BatchStatement::PreparedStatement(PreparedStatement::clone(single));
            let mut batch = Batch::new_with_statements(typ, (0..rows).map(|_| one()).collect());
            batch.set_is_idempotent(*verb != Verb::Add);
            Arc::new(batch)
        });
        Some(Sending::Batch(batch.clone()))
    }
}

async fn prepare(session: &Session, text: &str) -> Result<PreparedStatement, SinkError> {
    match timeout(PATIENCE, session.prepare(text)).await {
        Err(_) => {
            Err(SinkError::Transient(format!("a statement is not prepared within {PATIENCE:?}")))
        }
        Ok(Ok(prepared)) => Ok(prepared),
        Ok(Err(PrepareError::AllAttemptsFailed { first_attempt })) => {
            let refusal = Refusal::of_attempt(&first_attempt);
            let text = match refusal.class {
                Class::Refused => format!("the cluster does not take `{text}`: {}", refusal.text),
                _ => refusal.text,
            };
            Err(SinkError::Transient(text))
        }
        Ok(Err(error)) => Err(SinkError::Transient(error.to_string())),
    }
}
