//! A Cassandra cluster.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tempfile::TempDir;

use super::jvm;
use super::options::Options;
use super::rows::Sessions;
use super::yaml::Yaml;
use crate::port;
use crate::servers::distribution::{Distribution, Jars};
use crate::servers::launch::{Launch, small_jvm};
use crate::servers::node::Node;
use crate::servers::{archive, running, watchdog};

/// `host:port` of a server that runs already.
const VARIABLE: &str = "FOREBAY_TEST_CASSANDRA";

/// Logging to the terminal, without a configuration on the class path.
const LOGBACK: &str = "<configuration>
<appender name=\"O\" class=\"ch.qos.logback.core.ConsoleAppender\">
<encoder><pattern>%-5level %d{HH:mm:ss.SSS} [%thread] %logger{0} %msg%n</pattern></encoder>
</appender>
<root level=\"INFO\"><appender-ref ref=\"O\"/></root>
</configuration>
";

/// A Cassandra cluster, which ends when this is dropped, at the latest with the process.
#[derive(Debug)]
pub struct Cassandra {
    contact_points: Vec<String>,
    nodes: Vec<Node>,
    pub(super) options: Options,
    pub(super) sessions: Mutex<Sessions>,
    /// Dropped after the servers that write to it.
    _folder: Option<TempDir>,
}

/// The ports of all servers of a cluster; each has an address of its own, but for JMX.
#[derive(Clone, Debug)]
struct Ports {
    client: u16,
    storage: u16,
    management: Vec<u16>,
}

impl Cassandra {
    /// The server that all tests of this process share: keyspaces have names of their own
    /// ([`Cassandra::keyspace`]). It is the one that `FOREBAY_TEST_CASSANDRA` names, else one that
    /// is started now.
    ///
    /// # Errors
    /// If it cannot be started, with the end of its log: each test that asks fails.
    pub fn shared() -> Result<&'static Self> {
        static SHARED: OnceLock<Result<Cassandra, String>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| Self::find().map_err(|error| format!("{error:#}")));
        shared.as_ref().map_err(|message| anyhow!("{message}"))
    }

    fn find() -> Result<Self> {
        match running::address(VARIABLE) {
            Some(address) => Ok(Self {
                contact_points: vec![address],
                nodes: Vec::new(),
                options: Options::one_node(),
                sessions: Mutex::default(),
                _folder: None,
            }),
            None => Self::start(&Options::one_node()),
        }
    }

    /// Starts a cluster of its own for a test that does to it what others would notice.
    ///
    /// # Errors
    /// If it cannot be started, with the end of its log; and if `FOREBAY_TEST_CASSANDRA` names a
    /// server, which is not this test's to break.
    pub fn start(options: &Options) -> Result<Self> {
        running::refuse(VARIABLE, "a Cassandra of its own")?;
        const TRIES: usize = 3;
        let jars = Distribution::CASSANDRA.resolve()?;
        let archive = archive::options(&jars, |java, folder| {
            let one = Options::one_node();
            node(&jars, &java, &one, &Ports::free(1)?, 0, folder)
        })?;
        for _ in 1..TRIES {
            match Self::start_on_free_ports(&jars, &archive, options) {
                // Another process was faster.
                Err(error) if taken(&format!("{error:#}")) => {}
                started => return started,
            }
        }
        Self::start_on_free_ports(&jars, &archive, options)
    }

    fn start_on_free_ports(jars: &Jars, archive: &[String], options: &Options) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("forebay-cassandra-").tempdir()?;
        watchdog::remove(folder.path())?;
        let ports = Ports::free(options.nodes)?;
        let nodes = (0..options.nodes)
            .map(|index| {
                let own = folder.path().join((index + 1).to_string());
                node(jars, archive, options, &ports, index, &own)
            })
            .collect::<Result<Vec<Node>>>()?;
        nodes.iter().try_for_each(Node::begin_to_start)?;
        nodes.iter().try_for_each(Node::wait_until_ready)?;
        let contact_points =
            (0..options.nodes).map(|index| format!("{}:{}", address(index), ports.client));
        let cassandra = Self {
            contact_points: contact_points.collect(),
            nodes,
            options: options.clone(),
            sessions: Mutex::default(),
            _folder: Some(folder),
        };
        cassandra.wait_for_the_ring()?;
        Ok(cassandra)
    }

    /// `host:port` of each server.
    #[must_use]
    pub fn contact_points(&self) -> &[String] {
        &self.contact_points
    }

    /// A server by its number, from 1 on: to stop, kill, freeze or start it.
    ///
    /// # Errors
    /// If there is none, or it is not this test's to break.
    pub fn node(&self, number: u16) -> Result<&Node> {
        if self.nodes.is_empty() {
            return Err(running::refusal(VARIABLE, "to break its Cassandra"));
        }
        let index = usize::from(number).checked_sub(1);
        index.and_then(|index| self.nodes.get(index)).with_context(|| format!("no server {number}"))
    }

    /// All servers; none if they are not this test's to break.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }
}

/// Whether a server found a port in use.
fn taken(log: &str) -> bool {
    log.contains("Address already in use") || log.contains("is in use by another process")
}

fn address(index: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + u32::from(index))
}

impl Ports {
    /// Ports that are free at the address of every server.
    fn free(nodes: u16) -> Result<Self> {
        let mut found: Vec<u16> = Vec::new();
        while found.len() < 2 + usize::from(nodes) {
            let port = port::free()?;
            let everywhere =
                (0..nodes).all(|index| TcpListener::bind((address(index), port)).is_ok());
            if everywhere && !found.contains(&port) {
                found.push(port);
            }
        }
        Ok(Self { client: found[0], storage: found[1], management: found.split_off(2) })
    }
}

/// A server that is ready to start in its folder, which is made.
fn node(
    jars: &Jars,
    java: &[String],
    options: &Options,
    ports: &Ports,
    index: u16,
    folder: &Path,
) -> Result<Node> {
    let (yaml, logback) = (folder.join("cassandra.yaml"), folder.join("logback.xml"));
    let temporary = folder.join("tmp");
    fs::create_dir_all(&temporary)?;
    let settings = Yaml {
        folder,
        address: address(index),
        nodes: options.nodes,
        index,
        storage_port: ports.storage,
        client_port: ports.client,
    };
    fs::write(&yaml, settings.written(&options.settings))?;
    fs::write(&logback, LOGBACK)?;
    // Alone, it need not wait for anybody; of several that start at once, each has to.
    let delay = if options.nodes == 1 { 1 } else { 5_000 };
    let management = ports.management.get(usize::from(index)).context("a server without ports")?;
    let mut arguments = vec![format!("-javaagent:{}", jars.file("jamm-")?.display())];
    arguments.extend(small_jvm(options.heap_mib));
    arguments.extend(jvm::flags());
    arguments.extend_from_slice(java);
    arguments.extend([
        format!("-Dcassandra.config=file://{}", yaml.display()),
        format!("-Dlogback.configurationFile={}", logback.display()),
        format!("-Dcassandra.storagedir={}", folder.display()),
        format!("-Dcassandra.logdir={}", folder.display()),
        format!("-Djava.io.tmpdir={}", temporary.display()),
        format!("-Dcassandra.jmx.local.port={management}"),
        format!("-Dcassandra.ring_delay_ms={delay}"),
    ]);
    arguments.extend_from_slice(&options.flags);
    arguments.extend([
        "-cp".to_owned(),
        jars.class_path(),
        "org.apache.cassandra.service.CassandraDaemon".to_owned(),
    ]);
    Ok(Node::new(Launch {
        name: format!("Cassandra server {}", index + 1),
        arguments,
        log: folder.join("system.log"),
        ready: "Starting listening for CQL clients",
        address: (address(index), ports.client).into(),
        patience: Duration::from_secs(120),
    }))
}
