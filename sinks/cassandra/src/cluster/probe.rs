//! Looking step by step whether the table can be written. Nothing is written: a statement is
//! prepared, which changes nothing, and one is refused because no row can be meant by it.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use forebay_clients::probe::reach;
use forebay_core::probe::{Halted, Obstacle, Probed};
use scylla::client::session::Session;
use scylla::errors::{ConnectionPoolError, MetadataError, NewSessionError};
use tokio::time::timeout;

use super::Live;
use super::connection::{PATIENCE, builder, check_datacenter};
use crate::sending::error::{Class, Refusal, login};
use crate::settings::{Settings, TableName};
use crate::table::Statement;

/// Adds the steps of a probe.
///
/// # Errors
/// A step failed.
pub async fn probe(
    settings: &Arc<Settings>,
    name: &TableName,
    base: &Path,
    columns: Option<&SchemaRef>,
    probed: &mut Probed,
) -> Result<(), Halted> {
    reach(probed, &settings.addresses().unwrap_or_default()).await?;
    let session = session(settings, name, base, probed).await?;
    let hosts = session.get_cluster_state().get_nodes_info().len();
    let datacenter = check_datacenter(settings, &session);
    let help = "mend `datacenter`";
    let found = format!("{hosts} nodes are known");
    probed
        .step("metadata", datacenter.map(|()| found).map_err(|error| Obstacle::new(error, help)))?;
    let live = Live::new(session, Arc::clone(settings), name.clone(), false);
    let mut live = match live {
        Ok(live) => {
            probed.well("table", format!("{name} has {} columns", live.table().columns.len()));
            live
        }
        Err(error) => {
            let help = format!("create it (CREATE TABLE {name} ...), or mend `table`");
            return probed.step("table", Err(Obstacle::new(error, help)));
        }
    };
    if let Some(columns) = columns {
        let help = "rename fields with `columns`, leave some out with `extra_fields`, or alter \
                    the table";
        let fits = live.plan(columns).await;
        let fits = fits.map(|plan| format!("{} are filled", plan.mapping.columns.len()));
        probed.step("columns", fits.map_err(|error| Obstacle::new(error, help)))?;
    }
    probed.step("write", may_write(&live, settings.username.as_deref()).await)
}

/// Whether rows may be written. The deletion of a row without a key is refused after it was seen
/// whether this user may write, and before anything is done
/// ([`processStatement`](https://github.com/apache/cassandra/blob/cassandra-5.0/src/java/org/apache/cassandra/cql3/QueryProcessor.java)).
async fn may_write(live: &Live, user: Option<&str>) -> Result<String, Obstacle> {
    let refused = match live.session.query_unpaged(Statement::impossible(&live.table()), &[]).await
    {
        Ok(_) => None,
        Err(error) => Some(Refusal::of(&error)),
    };
    match refused {
        None => Ok("it is allowed".to_owned()),
        Some(Refusal { class: Class::Refused, .. }) => Ok("it is allowed".to_owned()),
        Some(Refusal { class: Class::Denied, text }) => {
            let role = user.unwrap_or("ROLE");
            let name = &live.table().name;
            Err(Obstacle::new(text, format!("GRANT MODIFY ON {name} TO {role};")))
        }
        Some(Refusal { text, .. }) => {
            Err(Obstacle::new(text, "look whether enough nodes are there, and at their log"))
        }
    }
}

async fn session(
    settings: &Settings,
    name: &TableName,
    base: &Path,
    probed: &mut Probed,
) -> Result<Session, Halted> {
    let made = builder(settings, &name.keyspace, base);
    let made = match made {
        Ok(made) => made,
        Err(error) => {
            let help = "mend `tls`, and the files that it names";
            probed.step("tls", Err(Obstacle::new(error, help)))?;
            return Err(Halted);
        }
    };
    let patience = settings.connect_timeout.0.saturating_mul(2).saturating_add(PATIENCE);
    let (step, reason, help) = match timeout(patience, made.build()).await {
        Ok(Ok(session)) => {
            if settings.tls.is_some() {
                probed.well("tls", "the certificate is trusted");
            }
            let login = match &settings.username {
                Some(user) => format!("`{user}` is let in"),
                None => "none is asked for".to_owned(),
            };
            probed.well("login", login);
            return Ok(session);
        }
        Ok(Err(error)) => match refused(&error) {
            Some(text) => {
                if settings.tls.is_some() {
                    probed.well("tls", "the certificate is trusted");
                }
                ("login", text, "mend `username` and `password`")
            }
            None if settings.tls.is_some() => {
                let help = "mend `tls`: the authority that signed the nodes' certificates, whose \
                            names must be their addresses; the nodes may also want no TLS at all";
                ("tls", error.to_string(), help)
            }
            None => {
                let help = "if the nodes want TLS, set `tls`; else look at their log";
                ("session", error.to_string(), help)
            }
        },
        Err(_) => {
            let text = format!("no connection within {patience:?}");
            ("session", text, "if the nodes want TLS, set `tls`; else look at their log")
        }
    };
    probed.step(step, Err(Obstacle::new(reason, help)))?;
    Err(Halted)
}

/// What was wrong with the credentials, if that is it.
fn refused(error: &NewSessionError) -> Option<String> {
    let NewSessionError::MetadataError(MetadataError::ConnectionPoolError(error)) = error else {
        return None;
    };
    match error {
        ConnectionPoolError::Broken { last_connection_error } => login(last_connection_error),
        _ => None,
    }
}
