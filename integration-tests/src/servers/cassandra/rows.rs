//! Keyspaces and rows, through a driver that knows nothing of Forebay.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::TryStreamExt;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::deserialize::row::DeserializeRow;
use scylla::policies::host_filter::AllowListHostFilter;

use super::cluster::Cassandra;
use crate::servers::{name, runtime};
use crate::wait;

/// The longest that the cluster may take to answer, or to do what it was asked.
const LONG: Duration = Duration::from_secs(60);

/// The session of the harness, and which processes it was made for.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    current: Option<(Vec<Option<u32>>, Arc<Session>)>,
}

impl Cassandra {
    /// A session of the driver, to all servers that run. It is kept until a server is started or
    /// ends.
    ///
    /// # Errors
    /// If no server answers.
    pub fn session(&self) -> Result<Arc<Session>> {
        let processes: Vec<Option<u32>> = self.nodes().iter().map(|node| node.id()).collect();
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made_for, session)) = &sessions.current
            && *made_for == processes
        {
            return Ok(Arc::clone(session));
        }
        let builder = self.builder()?.known_nodes(self.contact_points());
        let session = Arc::new(connect(builder)?);
        sessions.current = Some((processes, Arc::clone(&session)));
        Ok(session)
    }

    fn builder(&self) -> Result<SessionBuilder> {
        let mut builder = SessionBuilder::new().schema_agreement_timeout(LONG);
        if let Some((user, password)) = &self.options.login {
            builder = builder.user(user, password);
        }
        if let Some(tls) = &self.options.tls {
            let connector = tls.connector(Path::new(""))?;
            builder = builder.tls_context(Some(Arc::clone(connector.config())));
        }
        Ok(builder)
    }

    /// Makes a keyspace with a name of its own, on all servers, and says it.
    ///
    /// # Errors
    /// If the cluster refuses or does not answer.
    pub fn keyspace(&self, what: &str) -> Result<String> {
        let name = name::unique(what);
        self.create_keyspace(&name)?;
        Ok(name)
    }

    /// Makes a keyspace, with a copy of each row on every server.
    ///
    /// # Errors
    /// If the cluster refuses or does not answer.
    pub fn create_keyspace(&self, name: &str) -> Result<()> {
        let copies = self.nodes().len().max(1);
        self.execute(&format!(
            "CREATE KEYSPACE {name} WITH replication = \
             {{'class': 'NetworkTopologyStrategy', 'replication_factor': {copies}}}"
        ))
    }

    /// Removes a keyspace with all that is in it.
    ///
    /// # Errors
    /// If the cluster refuses or does not answer.
    pub fn drop_keyspace(&self, name: &str) -> Result<()> {
        self.execute(&format!("DROP KEYSPACE {name}"))
    }

    /// Removes the rows of a table.
    ///
    /// # Errors
    /// If the cluster refuses or does not answer.
    pub fn truncate(&self, table: &str) -> Result<()> {
        self.execute(&format!("TRUNCATE {table}"))
    }

    /// Has the cluster do what a statement says.
    ///
    /// # Errors
    /// If the cluster refuses or does not answer.
    pub fn execute(&self, statement: &str) -> Result<()> {
        let (session, text) = (self.session()?, statement.to_owned());
        runtime::wait_for(async move {
            session.query_unpaged(text.as_str(), ()).await.with_context(|| text.clone())?;
            Ok(())
        })
    }

    /// All rows that a statement selects, page by page: tuples of Rust's types, or
    /// [`Row`](scylla::value::Row) for any. It reads from a quorum of the copies.
    ///
    /// # Errors
    /// If the cluster refuses or does not answer, or the columns are of other types.
    pub fn query<T>(&self, statement: &str) -> Result<Vec<T>>
    where
        T: for<'frame, 'metadata> DeserializeRow<'frame, 'metadata> + Send + 'static,
    {
        let (session, text) = (self.session()?, statement.to_owned());
        runtime::wait_for(async move {
            let pager =
                session.query_iter(text.as_str(), ()).await.with_context(|| text.clone())?;
            let rows = pager.rows_stream::<T>().with_context(|| text.clone())?;
            rows.try_collect().await.with_context(|| text.clone())
        })
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// If the cluster refuses or does not answer.
    pub fn count(&self, table: &str) -> Result<u64> {
        let rows = self.query::<(i64,)>(&format!("SELECT count(*) FROM {table}"))?;
        Ok(u64::try_from(rows.first().context("no count")?.0)?)
    }

    /// Waits until each server knows all others and their schema: that each takes clients does not
    /// say so.
    pub(super) fn wait_for_the_ring(&self) -> Result<()> {
        let others = self.contact_points().len() - 1;
        for address in self.contact_points() {
            let filter = AllowListHostFilter::new([address.as_str()])?;
            let alone = self.builder()?.known_node(address).host_filter(Arc::new(filter));
            let session = Arc::new(connect(alone)?);
            wait::until(&format!("{address} to know {others} others"), LONG, || {
                let session = Arc::clone(&session);
                runtime::wait_for(async move {
                    let known = knows(&session, others).await?;
                    Ok(known.then_some(()))
                })
            })?;
        }
        Ok(())
    }
}

/// The superuser is made a moment after a server says that it is ready, so a login that is refused
/// is tried again.
fn connect(builder: SessionBuilder) -> Result<Session> {
    runtime::wait_for(async move {
        let begun = Instant::now();
        loop {
            let session = builder.build().await;
            let is_early = session.as_ref().is_err_and(|it| it.to_string().contains("credentials"));
            if !is_early || begun.elapsed() >= LONG {
                return session.context("no session with Cassandra");
            }
            tokio::time::sleep(wait::PAUSE).await;
        }
    })
}

/// Whether a server knows so many others, and has the same schema as they.
async fn knows(session: &Session, others: usize) -> Result<bool> {
    type Peer = (Option<scylla::value::CqlValue>, Option<IpAddr>, Option<Vec<String>>);
    let own = session
        .query_unpaged("SELECT schema_version FROM system.local", ())
        .await?
        .into_rows_result()?
        .single_row::<(Option<scylla::value::CqlValue>,)>()?
        .0;
    let peers = session
        .query_unpaged("SELECT schema_version, rpc_address, tokens FROM system.peers", ())
        .await?
        .into_rows_result()?;
    let mut ready = 0;
    for peer in peers.rows::<Peer>()? {
        let (schema, address, tokens) = peer?;
        if schema == own && address.is_some() && tokens.is_some_and(|tokens| !tokens.is_empty()) {
            ready += 1;
        }
    }
    Ok(ready == others)
}
