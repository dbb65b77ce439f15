//! A session, the table as it stands, and what is prepared for it.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use forebay_core::sink::SinkError;
use scylla::client::session::Session;
use scylla::cluster::ClusterState;

use super::{Plan, Statements, connection};
use crate::conversion::cql;
use crate::settings::{Settings, TableName};
use crate::table::{Absent, Mapping, Statement, Table};

/// The most schemas for which plans are kept: all are made anew when there are more.
const PLANS: usize = 64;

/// A session, the table as it stands, and what is prepared for it.
pub struct Live {
    /// The session.
    pub session: Arc<Session>,
    /// What is prepared.
    pub statements: Statements,
    settings: Arc<Settings>,
    name: TableName,
    /// What the driver knew when the table was looked at.
    state: Arc<ClusterState>,
    table: Arc<Table>,
    plans: Vec<(SchemaRef, Arc<Plan>)>,
    /// Whether any schema has fitted: what fits no more is the table's doing then, and may be
    /// undone.
    has_fitted: bool,
}

impl Live {
    /// Looks at the table.
    ///
    /// # Errors
    /// There is no table to write to yet, or it cannot be written to.
    pub fn new(
        session: Session,
        settings: Arc<Settings>,
        name: TableName,
    ) -> Result<Self, SinkError> {
        let state = session.get_cluster_state();
        let table = Table::find(&state, &name, settings.datacenter.as_deref()).map_err(waiting)?;
        Ok(Self {
            session: Arc::new(session),
            statements: Statements::default(),
            settings,
            name,
            state,
            table: Arc::new(table),
            plans: Vec::new(),
            has_fitted: false,
        })
    }

    /// The table as it stands.
    #[must_use]
    pub fn table(&self) -> Arc<Table> {
        self.table.clone()
    }

    /// Looks whether the table has changed since, as far as the driver has heard. Plans for what
    /// it was are forgotten.
    ///
    /// # Errors
    /// The table is gone.
    pub fn look(&mut self) -> Result<bool, SinkError> {
        let state = self.session.get_cluster_state();
        if Arc::ptr_eq(&state, &self.state) {
            return Ok(false);
        }
        let datacenter = self.settings.datacenter.as_deref();
        let table = Table::find(&state, &self.name, datacenter).map_err(waiting)?;
        self.state = state;
        let has_changed = table != *self.table;
        if has_changed {
            tracing::info!(table = %self.name, "the table has changed; its columns are matched anew");
            self.table = Arc::new(table);
            self.forget();
        }
        Ok(has_changed)
    }

    /// Asks the cluster whether the table has changed.
    ///
    /// # Errors
    /// The table is gone, or the cluster does not say.
    pub async fn ask(&mut self) -> Result<bool, SinkError> {
        connection::refresh(&self.session).await?;
        self.look()
    }

    /// Forgets what is prepared.
    pub fn forget(&mut self) {
        self.statements = Statements::default();
        self.plans.clear();
    }

    /// How rows of a schema are written.
    ///
    /// # Errors
    /// They do not fit the table, or the cluster cannot prepare statements now.
    pub async fn plan(&mut self, schema: &SchemaRef) -> Result<Arc<Plan>, SinkError> {
        let known =
            self.plans.iter().find(|(known, _)| Arc::ptr_eq(known, schema) || known == schema);
        if let Some((_, plan)) = known {
            return Ok(plan.clone());
        }
        if self.plans.len() >= PLANS {
            self.forget();
        }
        let mapping = Mapping::new(&self.table, schema, &self.settings).map_err(|misfit| {
            let text = misfit.to_string();
            if self.has_fitted { SinkError::Transient(text) } else { SinkError::Fatal(text) }
        })?;
        let (write, delete) = if self.table.is_counter() {
            (Statement::add(&self.table, &mapping), None)
        } else {
            let delete = self.settings.delete.as_ref();
            let delete = delete.map(|_| Statement::delete(&self.table, &mapping, &self.settings));
            (Statement::upsert(&self.table, &mapping, &self.settings), delete)
        };
        self.tell(schema, &mapping);
        let write = self.statements.prepare(&self.session, write).await?;
        let delete = match delete {
            Some(delete) => Some(self.statements.prepare(&self.session, delete).await?),
            None => None,
        };
        let plan = Arc::new(Plan { mapping, write, delete });
        self.plans.push((schema.clone(), plan.clone()));
        self.has_fitted = true;
        Ok(plan)
    }

    /// Tells which field fills which column, and as what.
    fn tell(&self, schema: &SchemaRef, mapping: &Mapping) {
        let pairs: Vec<String> = mapping
            .columns
            .iter()
            .map(|mapped| {
                let (column, field) =
                    (&self.table.columns[mapped.column], schema.field(mapped.field));
                let (name, typ) = (&column.name, cql::name(&column.typ));
                format!("{name} {typ} <- {} {}", field.name(), field.data_type())
            })
            .collect();
        tracing::info!(table = %self.name, columns = pairs.join(", "), "the table's columns");
    }
}

/// What is missing may come; a view never becomes a table.
fn waiting(absent: Absent) -> SinkError {
    match absent {
        Absent::View { .. } => SinkError::Fatal(absent.to_string()),
        _ => SinkError::Transient(absent.to_string()),
    }
}
