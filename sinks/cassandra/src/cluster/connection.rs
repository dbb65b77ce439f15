//! Making a session.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use forebay_core::sink::SinkError;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::client::{Compression, PoolSize};
use scylla::errors::{MetadataError, NewSessionError};
use scylla::policies::load_balancing::DefaultPolicy;
use scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use tokio::time::timeout;

use crate::sending::error;
use crate::sending::retry::NextNode;
use crate::settings::Settings;

/// A keyspace that each cluster has: if nothing is known of it, nothing is known at all.
const ALWAYS: &str = "system";

/// How long to wait for what the driver itself sets no limit to: preparing a statement on all
/// nodes, reading the schema.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// A node that answers nothing for so long, though it should within its own
/// `write_request_timeout` of 2 seconds: the request is also sent to the next one. All statements
/// but additions to counters write the same when they come twice.
const SILENCE: Duration = Duration::from_millis(2_500);

/// How often each connection is asked for a sign of life, and how long it may take: after that the
/// node is left out until it answers again.
const SIGN_OF_LIFE: Duration = Duration::from_secs(3);

/// How often the driver looks at the nodes, and at keyspaces of which it has heard that they
/// changed.
const REFRESH: Duration = Duration::from_secs(10);

/// Connects to the cluster.
///
/// # Errors
/// Says what does not work, and whether waiting makes sense.
pub async fn connect(
    settings: &Settings,
    keyspace: &str,
    base: &Path,
) -> Result<Session, SinkError> {
    let builder = builder(settings, keyspace, base)?;
    let hosts = settings.hosts.join(", ");
    let patience = settings.connect_timeout.0.saturating_mul(2).saturating_add(PATIENCE);
    let session = match timeout(patience, builder.build()).await {
        Err(_) => {
            let text = format!("{hosts}: no connection within {patience:?}");
            return Err(SinkError::Transient(text));
        }
        Ok(Err(error)) => return Err(refused(settings, &hosts, &error)),
        Ok(Ok(session)) => session,
    };
    // The driver makes a session also where it could not read the schema.
    if session.get_cluster_state().get_keyspace(ALWAYS).is_none() {
        let named = |error| SinkError::Transient(format!("{hosts}: {error}"));
        refresh(&session).await.map_err(named)?;
    }
    check_datacenter(settings, &session)?;
    Ok(session)
}

/// Reads the schema anew.
///
/// # Errors
/// It cannot be read now.
pub async fn refresh(session: &Session) -> Result<(), SinkError> {
    match timeout(PATIENCE, session.refresh_metadata()).await {
        Err(_) => {
            let text =
                format!("the cluster's schema cannot be read: no answer within {PATIENCE:?}");
            Err(SinkError::Transient(text))
        }
        Ok(Err(error)) => Err(unread(&error)),
        Ok(Ok(())) if session.get_cluster_state().get_keyspace(ALWAYS).is_none() => {
            Err(SinkError::Transient("the cluster's schema cannot be read".to_owned()))
        }
        Ok(Ok(())) => Ok(()),
    }
}

/// What a session is made with.
///
/// # Errors
/// Files that TLS needs cannot be used.
pub fn builder(
    settings: &Settings,
    keyspace: &str,
    base: &Path,
) -> Result<SessionBuilder, SinkError> {
    let addresses = settings.addresses().map_err(|problem| SinkError::Fatal(problem.message))?;
    let mut policy = DefaultPolicy::builder().token_aware(true).permit_dc_failover(false);
    policy = match (&settings.datacenter, &settings.rack) {
        (Some(datacenter), Some(rack)) => {
            policy.prefer_datacenter_and_rack(datacenter.clone(), rack.clone())
        }
        (Some(datacenter), None) => policy.prefer_datacenter(datacenter.clone()),
        (None, _) => policy,
    };
    let profile = ExecutionProfile::builder()
        .consistency(settings.consistency.into())
        .request_timeout(Some(settings.request_timeout.0))
        .retry_policy(Arc::new(NextNode))
        .speculative_execution_policy(Some(Arc::new(SimpleSpeculativeExecutionPolicy {
            max_retry_count: 1,
            retry_interval: SILENCE,
        })))
        .load_balancing_policy(policy.build())
        .build();
    let connections = NonZeroUsize::new(settings.connections).unwrap_or(NonZeroUsize::MIN);
    let mut builder = SessionBuilder::new()
        .known_nodes(addresses.iter().map(ToString::to_string))
        .connection_timeout(settings.connect_timeout.0)
        .keepalive_interval(SIGN_OF_LIFE)
        .keepalive_timeout(SIGN_OF_LIFE)
        .pool_size(PoolSize::PerShard(connections))
        .keyspaces_to_fetch([keyspace, ALWAYS])
        .fetch_schema_metadata(true)
        .cluster_metadata_refresh_interval(REFRESH)
        .metadata_request_clientside_timeout(PATIENCE)
        .metadata_request_serverside_timeout(PATIENCE)
        .default_execution_profile_handle(profile.into_handle())
        .compression(settings.compress.then_some(Compression::Lz4));
    if let (Some(username), Some(password)) = (&settings.username, &settings.password) {
        builder = builder.user(username, password.reveal());
    }
    if let Some(tls) = &settings.tls {
        let connector = tls.connector(base).map_err(|error| SinkError::Fatal(error.to_string()))?;
        builder = builder.tls_context(Some(Arc::clone(connector.config())));
    }
    Ok(builder)
}

fn refused(settings: &Settings, hosts: &str, error: &NewSessionError) -> SinkError {
    match error {
        NewSessionError::MetadataError(error) => {
            let hint = match error {
                MetadataError::ConnectionPoolError(error) if error::is_hang_up(error) => {
                    hint(settings)
                }
                _ => "",
            };
            SinkError::Transient(format!("{hosts}: {}{hint}", unread(error)))
        }
        NewSessionError::FailedToResolveAnyHostname(_) => {
            SinkError::Transient(format!("{hosts}: no address is known for any of these names"))
        }
        other => SinkError::Fatal(format!("{hosts}: {other}")),
    }
}

/// What may be behind it when a node hangs up on somebody new.
fn hint(settings: &Settings) -> &'static str {
    match &settings.tls {
        None => "; if the nodes want TLS, set `tls`",
        Some(tls) if tls.cert_file.is_none() => {
            "; if the nodes want a certificate, set `cert_file` in `tls`; they may also want no TLS"
        }
        Some(_) => "; the nodes may not trust the `cert_file` in `tls`, or want no TLS",
    }
}

/// Whatever it is, it may mend itself, or a person may mend it in the cluster.
fn unread(error: &MetadataError) -> SinkError {
    SinkError::Transient(match error {
        MetadataError::ConnectionPoolError(error) => error::of_pool(error),
        error => format!("the cluster's schema cannot be read: {error}"),
    })
}

/// Makes sure that the datacenter is there.
///
/// # Errors
/// It is not.
pub fn check_datacenter(settings: &Settings, session: &Session) -> Result<(), SinkError> {
    let Some(wanted) = &settings.datacenter else { return Ok(()) };
    let state = session.get_cluster_state();
    let mut known: Vec<&str> =
        state.get_nodes_info().iter().filter_map(|node| node.datacenter.as_deref()).collect();
    known.sort_unstable();
    known.dedup();
    if known.contains(&wanted.as_str()) {
        return Ok(());
    }
    let known = known.join(", ");
    Err(SinkError::Fatal(format!("there is no datacenter `{wanted}`; there are: {known}")))
}
