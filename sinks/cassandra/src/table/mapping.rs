//! Which field fills which column.

use std::collections::BTreeSet;

use arrow::array::new_empty_array;
use arrow::datatypes::{DataType, Schema};
use scylla_cql_core::frame::response::result::{ColumnType, NativeType};
use thiserror::Error;

use super::nearest;
use super::{Role, Table, TableColumn};
use crate::conversion::{Column, instant, integer};
use crate::settings::{Counters, Delete, Extra, Settings, TimeToLive, WriteTime};

/// Which field fills which column, by index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The table's columns that are written, in the table's order, each with its field.
    pub columns: Vec<Mapped>,
    /// The field with the time to live.
    pub ttl: Option<usize>,
    /// The field with the write time.
    pub write_time: Option<usize>,
    /// The field with the position within a millisecond.
    pub position: Option<usize>,
    /// The field that says whether to delete.
    pub delete: Option<usize>,
}

/// A column and the field that fills it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The column's index in the table.
    pub column: usize,
    /// The field's index in the schema.
    pub field: usize,
}

/// All in which a schema does not fit a table.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the records do not fit the table `{table}`: {}", .problems.join("; "))]
pub struct Misfit {
    table: String,
    /// Each a sentence.
    pub problems: Vec<String>,
}

/// Gathers what does not fit.
struct Search<'a> {
    table: &'a Table,
    schema: &'a Schema,
    settings: &'a Settings,
    problems: Vec<String>,
}

impl Mapping {
    /// Fits a schema to a table.
    ///
    /// # Errors
    /// All that does not fit.
    pub fn new(table: &Table, schema: &Schema, settings: &Settings) -> Result<Self, Misfit> {
        let mut search = Search { table, schema, settings, problems: Vec::new() };
        let (ttl, write_time, position, delete) = search.roles();
        // Fields that steer, and are no values.
        let apart: BTreeSet<usize> = ttl.into_iter().chain(delete).collect();
        let columns = search.columns(&apart);
        search.check_types(&columns);
        search.check_key(&columns);
        search.check_counter(&columns);
        let used: BTreeSet<usize> = columns.iter().map(|mapped| mapped.field).collect();
        let steering = apart.into_iter().chain(write_time).chain(position);
        search.check_extra(&used.into_iter().chain(steering).collect());
        if search.problems.is_empty() {
            return Ok(Self { columns, ttl, write_time, position, delete });
        }
        Err(Misfit { table: table.name.to_string(), problems: search.problems })
    }

    /// How many of the columns stand in the primary key; they are the first.
    #[must_use]
    pub fn keys(&self, table: &Table) -> usize {
        self.columns.iter().filter(|mapped| table.columns[mapped.column].role.is_key()).count()
    }

    /// How many of the columns stand in the partition key; they are the first.
    #[must_use]
    pub fn partition_keys(&self, table: &Table) -> usize {
        let is_partition = |mapped: &&Mapped| table.columns[mapped.column].role == Role::Partition;
        self.columns.iter().filter(is_partition).count()
    }
}

impl Search<'_> {
    fn field(&self, name: &str) -> Option<usize> {
        let fields = self.schema.fields();
        fields.iter().position(|field| field.name() == name).or_else(|| {
            let mut alike =
                (0..fields.len()).filter(|index| fields[*index].name().eq_ignore_ascii_case(name));
            alike.next().filter(|_| alike.next().is_none())
        })
    }

    /// A field that the options name.
    fn named(&mut self, option: &str, name: &str, fits: fn(&DataType) -> bool) -> Option<usize> {
        let Some(index) = self.field(name) else {
            let known = self.schema.fields().iter().map(|field| field.name().as_str());
            let question = nearest::question(name, known);
            self.problems
                .push(format!("`{option}` names the field `{name}`, which is not there{question}"));
            return None;
        };
        let typ = self.schema.field(index).data_type();
        if !fits(typ) {
            self.problems.push(format!("the field `{name}` is {typ}, which `{option}` cannot be"));
        }
        Some(index)
    }

    /// Time to live, write time, position, delete.
    fn roles(&mut self) -> (Option<usize>, Option<usize>, Option<usize>, Option<usize>) {
        let ttl = match &self.settings.ttl {
            Some(TimeToLive::Field { field }) => self.named("ttl", field, is_whole),
            _ => None,
        };
        let (write_time, position) = match &self.settings.write_time {
            WriteTime::Field { field, position, .. } => {
                let is_time = |typ: &DataType| {
                    is_whole(typ) || instant::timestamps(&new_empty_array(typ)).is_some()
                };
                let time = self.named("write_time", field, is_time);
                let position = position.as_ref();
                (time, position.and_then(|name| self.named("write_time.position", name, is_whole)))
            }
            _ => (None, None),
        };
        let delete = match &self.settings.delete {
            Some(Delete::Field { field, .. }) => {
                let is_marker = |typ: &DataType| {
                    is_whole(typ)
                        || matches!(
                            typ,
                            DataType::Utf8
                                | DataType::LargeUtf8
                                | DataType::Utf8View
                                | DataType::Boolean
                        )
                };
                self.named("delete", field, is_marker)
            }
            _ => None,
        };
        (ttl, write_time, position, delete)
    }

    fn columns(&mut self, apart: &BTreeSet<usize>) -> Vec<Mapped> {
        let known = || self.table.columns.iter().map(|column| column.name.as_str());
        for name in self.settings.columns.keys() {
            if !known().any(|known| known == name) {
                let question = nearest::question(name, known());
                self.problems.push(format!(
                    "`columns` names the column `{name}`, which the table does not have{question}"
                ));
            }
        }
        let mut columns = Vec::new();
        for (index, column) in self.table.columns.iter().enumerate() {
            let field = match self.settings.columns.get(&column.name) {
                Some(name) => self.named(&format!("columns.{}", column.name), name, |_| true),
                None => self.field(&column.name).filter(|field| !apart.contains(field)),
            };
            columns.extend(field.map(|field| Mapped { column: index, field }));
        }
        columns
    }

    fn check_types(&mut self, columns: &[Mapped]) {
        for mapped in columns {
            let column = &self.table.columns[mapped.column];
            let field = self.schema.field(mapped.field);
            let empty = new_empty_array(field.data_type());
            if let Err(mismatch) = Column::new(&column.typ, &empty, self.settings.blob_text) {
                let (name, field) = (&column.name, field.name());
                self.problems.push(format!("field `{field}` for column `{name}`: {mismatch}"));
            }
        }
    }

    fn check_key(&mut self, columns: &[Mapped]) {
        let is_mapped = |index: usize| columns.iter().any(|mapped| mapped.column == index);
        let role = |mapped: &Mapped| self.table.columns[mapped.column].role;
        // Static columns can be written without the clustering columns.
        let is_static = columns.iter().any(|mapped| role(mapped) == Role::Static)
            && columns.iter().all(|it| matches!(role(it), Role::Partition | Role::Static))
            && self.settings.delete.is_none();
        let missing: Vec<String> = self
            .table
            .columns
            .iter()
            .enumerate()
            .filter(|(index, column)| match column.role {
                Role::Partition => !is_mapped(*index),
                Role::Clustering => !is_mapped(*index) && !is_static,
                Role::Static | Role::Regular => false,
            })
            .map(|(_, column)| {
                format!("no field fills `{}`, a part of the primary key", column.name)
            })
            .collect();
        self.problems.extend(missing);
    }

    fn check_counter(&mut self, columns: &[Mapped]) {
        if !self.table.is_counter() {
            return;
        }
        if self.settings.counters == Counters::Refuse {
            self.problems.push(
                "it is a table of counters, to which a replay would add once more: set `counters = \
                 \"at_least_once\"` if that is acceptable"
                    .to_owned(),
            );
        }
        let is_counter =
            |column: &TableColumn| column.typ == ColumnType::Native(NativeType::Counter);
        if !columns.iter().any(|mapped| is_counter(&self.table.columns[mapped.column])) {
            self.problems.push("no field fills any of its counters".to_owned());
        }
    }

    fn check_extra(&mut self, used: &BTreeSet<usize>) {
        if self.settings.extra_fields == Extra::Ignore {
            return;
        }
        for (index, field) in self.schema.fields().iter().enumerate() {
            if used.contains(&index) {
                continue;
            }
            let known = self.table.columns.iter().map(|column| column.name.as_str());
            let question = nearest::question(field.name(), known);
            self.problems.push(format!(
                "the field `{}` has no column{question} (`extra_fields = \"ignore\"` leaves it out)",
                field.name()
            ));
        }
    }
}

fn is_whole(typ: &DataType) -> bool {
    integer::whole(&new_empty_array(typ)).is_some()
}
