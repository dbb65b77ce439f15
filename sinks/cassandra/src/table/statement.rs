//! The CQL that writes a row.

use std::fmt::Write as _;

use super::{Mapping, Role, Table};
use crate::settings::table_name::quoted;
use crate::settings::{Settings, TimeToLive, WriteTime};

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Writes a row.
    Upsert,
    /// Deletes a row.
    Delete,
    /// Adds to counters.
    Add,
}

/// In which order the values of a statement stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// What it does.
    pub verb: Verb,
    /// Whether the write time is a value.
    pub write_time: bool,
    /// Whether the time to live is a value.
    pub ttl: bool,
}

/// A statement, not yet prepared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The CQL.
    pub text: String,
    /// The order of its values.
    pub layout: Layout,
}

impl Statement {
    /// Deletes a row whose key is null: one that no table has, and that every server refuses. It is
    /// the CQL alone, without values.
    #[must_use]
    pub fn impossible(table: &Table) -> String {
        let keys = table.columns.iter().filter(|column| column.role == Role::Partition);
        let keys: Vec<String> =
            keys.map(|column| format!("{} = null", quoted(&column.name))).collect();
        format!("DELETE FROM {} WHERE {}", target(table), keys.join(" AND "))
    }

    /// Writes a row: the columns in the mapping's order, then write time and time to live.
    #[must_use]
    pub fn upsert(table: &Table, mapping: &Mapping, settings: &Settings) -> Self {
        let names: Vec<String> = mapping
            .columns
            .iter()
            .map(|mapped| quoted(&table.columns[mapped.column].name))
            .collect();
        let marks = vec!["?"; names.len()].join(", ");
        let mut text =
            format!("INSERT INTO {} ({}) VALUES ({marks})", target(table), names.join(", "));
        let mut using = Vec::new();
        let write_time = write_time(settings, &mut using);
        let ttl = match &settings.ttl {
            Some(TimeToLive::Fixed { ttl }) => {
                using.push(format!("TTL {}", ttl.0.as_secs()));
                false
            }
            Some(TimeToLive::Field { .. }) => {
                using.push("TTL ?".to_owned());
                true
            }
            None => false,
        };
        append_using(&mut text, &using);
        Self { text, layout: Layout { verb: Verb::Upsert, write_time, ttl } }
    }

    /// Deletes a row: the write time, then the key.
    #[must_use]
    pub fn delete(table: &Table, mapping: &Mapping, settings: &Settings) -> Self {
        let mut text = format!("DELETE FROM {}", target(table));
        let mut using = Vec::new();
        let write_time = write_time(settings, &mut using);
        append_using(&mut text, &using);
        append_key(&mut text, table, mapping);
        Self { text, layout: Layout { verb: Verb::Delete, write_time, ttl: false } }
    }

    /// Adds to counters: the counters in the mapping's order, then the key.
    #[must_use]
    pub fn add(table: &Table, mapping: &Mapping) -> Self {
        let sets: Vec<String> = mapping
            .columns
            .iter()
            .skip(mapping.keys(table))
            .map(|mapped| quoted(&table.columns[mapped.column].name))
            .map(|name| format!("{name} = {name} + ?"))
            .collect();
        let mut text = format!("UPDATE {} SET {}", target(table), sets.join(", "));
        append_key(&mut text, table, mapping);
        Self { text, layout: Layout { verb: Verb::Add, write_time: false, ttl: false } }
    }
}

fn target(table: &Table) -> String {
    format!("{}.{}", quoted(&table.name.keyspace), quoted(&table.name.table))
}

fn write_time(settings: &Settings, using: &mut Vec<String>) -> bool {
    match settings.write_time {
        WriteTime::Batch | WriteTime::Field { .. } => {
            using.push("TIMESTAMP ?".to_owned());
            true
        }
        WriteTime::Fixed { micros } => {
            using.push(format!("TIMESTAMP {micros}"));
            false
        }
        WriteTime::Server => false,
    }
}

fn append_using(text: &mut String, using: &[String]) {
    if !using.is_empty() {
        let _ = write!(text, " USING {}", using.join(" AND "));
    }
}

fn append_key(text: &mut String, table: &Table, mapping: &Mapping) {
    let key: Vec<String> = mapping
        .columns
        .iter()
        .take(mapping.keys(table))
        .map(|mapped| format!("{} = ?", quoted(&table.columns[mapped.column].name)))
        .collect();
    let _ = write!(text, " WHERE {}", key.join(" AND "));
}
