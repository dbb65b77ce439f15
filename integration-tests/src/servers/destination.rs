//! Where the records of a ledger arrive, and how they are read back.

use std::fmt;

use anyhow::{Context, Result};

use super::cassandra::Cassandra;
use super::kafka::{Isolation, Kafka};
use super::ledger::{Audit, Entry, Findings, Ledger};
use crate::scene::Scene;
use crate::visible;

/// A place to which a gateway brings the records of a ledger.
#[derive(Debug)]
pub enum Destination<'a> {
    /// A table of Cassandra, and the `hosts` by which the gateway reaches it.
    Table(&'a Cassandra, String, Vec<String>),
    /// A topic, written exactly once.
    Topic(&'a Kafka, String),
    /// Files in the scene's folder, written exactly once.
    Files,
}

impl fmt::Display for Destination<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Table(..) => "a table",
            Self::Topic(..) => "a topic",
            Self::Files => "files",
        })
    }
}

impl<'a> Destination<'a> {
    /// A table of its own.
    ///
    /// # Errors
    /// If the cluster refuses or does not answer.
    pub fn table(cassandra: &'a Cassandra) -> Result<Self> {
        let hosts = cassandra.contact_points().to_vec();
        Self::table_at(cassandra, hosts)
    }

    /// A table of its own, which the gateway reaches by other addresses than the servers'.
    ///
    /// # Errors
    /// If the cluster refuses or does not answer.
    pub fn table_at(cassandra: &'a Cassandra, hosts: Vec<String>) -> Result<Self> {
        let table = format!("{}.orders", cassandra.keyspace("pipeline")?);
        cassandra.execute(&format!("CREATE TABLE {table} ({})", Entry::CQL))?;
        Ok(Self::Table(cassandra, table, hosts))
    }

    /// A topic of its own with four partitions.
    ///
    /// # Errors
    /// If the cluster refuses or does not answer.
    pub fn topic(kafka: &'a Kafka) -> Result<Self> {
        Ok(Self::Topic(kafka, kafka.topic("out", 4)?))
    }

    /// The sink, as it stands in a configuration.
    fn sink(&self) -> String {
        match self {
            Self::Table(_, table, hosts) => format!(
                "type = \"cassandra\"\nhosts = {hosts:?}\ntable = \"{table}\"\n\
                 retry = {{ max = \"1s\" }}"
            ),
            Self::Topic(kafka, topic) => format!(
                "type = \"kafka\"\nbrokers = {:?}\ntopic = \"{topic}\"\nkey = \"{{customer}}\"\n\
                 exactly_once = true\ntransactional_id = \"{topic}\"\nretry = {{ max = \"1s\" }}",
                brokers(kafka)
            ),
            Self::Files => "type = \"files\"\npath = \"out\"\nformat = \"json\"\n\
                            roll_interval = \"500ms\""
                .to_owned(),
        }
    }

    /// The configuration of a gateway that brings a topic here; `source` is what else to say about
    /// the source.
    #[must_use]
    pub fn config(&self, kafka: &Kafka, topic: &str, source: &str) -> String {
        format!(
            "[sources.orders]\ntype = \"kafka\"\nbrokers = {:?}\ntopics = [\"{topic}\"]\n\
             start = \"earliest\"\nformat = \"json\"\nschema = {}\n{source}\n\n\
             [sinks.out]\n{}\n\n\
             [pipelines.orders]\nfrom = [\"orders\"]\nto = [\"out\"]\ninterval = \"50ms\"\n",
            brokers(kafka),
            Entry::SCHEMA,
            self.sink()
        )
    }

    /// How many records are here, each time it was written.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn count(&self, scene: &Scene) -> Result<u64> {
        match self {
            Self::Table(cassandra, table, _) => cassandra.count(table),
            Self::Topic(kafka, topic) => {
                let mut count = 0;
                kafka.read_each(topic, Isolation::ReadCommitted, |_| {
                    count += 1;
                    Ok(())
                })?;
                Ok(count)
            }
            Self::Files => Ok(visible::count_lines(&scene.output())? as u64),
        }
    }

    /// Reads all that is here, and compares it by value with what was written. A table cannot show
    /// a record twice; in files, order is nobody's promise.
    ///
    /// # Errors
    /// What is lost, wrong, there twice or out of order.
    pub fn audit(&self, scene: &Scene, ledger: &Ledger) -> Result<Findings> {
        let mut audit = ledger.audit();
        match self {
            Self::Table(cassandra, table, _) => {
                type Row = (String, i64, Option<i64>, Option<String>, Option<i64>);
                let select = format!("SELECT {} FROM {table}", Entry::COLUMNS);
                for row in cassandra.query::<Row>(&select)? {
                    let shown = format!("{row:?}");
                    see(&mut audit, Entry::from_row(row), &shown);
                }
            }
            Self::Topic(kafka, topic) => {
                kafka.read_each(topic, Isolation::ReadCommitted, |arrived| {
                    let value = serde_json::from_slice(&arrived.value.context("a tombstone")?)?;
                    let entry = Entry::from_value(&value)
                        .filter(|entry| arrived.key.as_deref() == Some(entry.customer.as_bytes()));
                    see(&mut audit, entry, &value.to_string());
                    Ok(())
                })?;
            }
            Self::Files => {
                for (path, values) in visible::values(&scene.output())? {
                    for value in values {
                        let shown = format!("{}: {value}", path.display());
                        see(&mut audit, Entry::from_value(&value), &shown);
                    }
                }
            }
        }
        let findings = audit.findings();
        match self {
            Self::Files => findings.once_in_any_order()?,
            Self::Table(..) | Self::Topic(..) => findings.exactly_once()?,
        }
        Ok(findings)
    }
}

fn see(audit: &mut Audit, entry: Option<Entry>, shown: &str) {
    match entry {
        Some(entry) => audit.see(&entry),
        None => audit.see_wrong(shown),
    }
}

fn brokers(kafka: &Kafka) -> Vec<&str> {
    kafka.bootstrap().split(',').collect()
}
