//! A Kafka cluster.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use rdkafka::ClientConfig;
use tempfile::TempDir;

use super::listener::Listener;
use super::options::Options;
use super::ports::Ports;
use super::{properties, storage};
use crate::servers::distribution::{Distribution, Jars};
use crate::servers::launch::{Launch, small_jvm};
use crate::servers::node::Node;
use crate::servers::proxy::Proxy;
use crate::servers::{archive, running, watchdog};

/// `host:port` of a server that runs already.
const VARIABLE: &str = "FOREBAY_TEST_KAFKA";

/// A Kafka cluster, which ends when this is dropped, at the latest with the process.
#[derive(Debug)]
pub struct Kafka {
    bootstrap: String,
    ports: Vec<Ports>,
    proxies: Vec<Proxy>,
    nodes: Vec<Node>,
    jars: Option<Jars>,
    /// Dropped after the servers that write to it.
    _folder: Option<TempDir>,
}

impl Kafka {
    /// The server that all tests of this process share: topics and groups have names of their own
    /// ([`unique`](crate::servers::name::unique)). It is the one that `FOREBAY_TEST_KAFKA` names,
    /// else one that is started now, and whose coordinators are warm.
    ///
    /// # Errors
    /// If it cannot be started, with the end of its log: each test that asks fails.
    pub fn shared() -> Result<&'static Self> {
        static SHARED: OnceLock<Result<Kafka, String>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| Self::find().map_err(|error| format!("{error:#}")));
        shared.as_ref().map_err(|message| anyhow!("{message}"))
    }

    fn find() -> Result<Self> {
        let kafka = match running::address(VARIABLE) {
            Some(bootstrap) => Self {
                bootstrap,
                ports: Vec::new(),
                proxies: Vec::new(),
                nodes: Vec::new(),
                jars: None,
                _folder: None,
            },
            None => Self::start(&Options::one_node())?,
        };
        kafka.warm_up()?;
        Ok(kafka)
    }

    /// Brings what it consists of into the cache, and makes there what makes starts fast.
    ///
    /// # Errors
    /// If that fails.
    pub fn fetch() -> Result<()> {
        prepared().map(drop)
    }

    /// Starts a cluster of its own for a test that does to it what others would notice.
    ///
    /// # Errors
    /// If it cannot be started, with the end of its log; and if `FOREBAY_TEST_KAFKA` names a
    /// server, which is not this test's to break.
    pub fn start(options: &Options) -> Result<Self> {
        running::refuse(VARIABLE, "a Kafka of its own")?;
        const TRIES: usize = 3;
        let (jars, archive) = prepared()?;
        for _ in 1..TRIES {
            match Self::start_on_free_ports(&jars, &archive, options) {
                // Another process was faster.
                Err(error) if format!("{error:#}").contains("Address already in use") => {}
                started => return started,
            }
        }
        Self::start_on_free_ports(&jars, &archive, options)
    }

    fn start_on_free_ports(jars: &Jars, archive: &[String], options: &Options) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("forebay-kafka-").tempdir()?;
        watchdog::remove(folder.path())?;
        let (mut ports, mut proxies) = (Vec::new(), Vec::new());
        for _ in 0..options.nodes {
            let (own, before) = Ports::free(&options.listeners)?;
            ports.push(own);
            proxies.extend(before);
        }
        let nodes = (1..=options.nodes)
            .map(|id| {
                let own = folder.path().join(id.to_string());
                node(jars, archive.to_vec(), options, &ports, id, &own)
            })
            .collect::<Result<Vec<Node>>>()?;
        // Each of them waits for the others.
        nodes.iter().try_for_each(Node::begin_to_start)?;
        nodes.iter().try_for_each(Node::wait_until_ready)?;
        let bootstrap = bootstrap(&ports, Listener::Plaintext);
        let jars = Some(jars.clone());
        Ok(Self { bootstrap, ports, proxies, nodes, jars, _folder: Some(folder) })
    }

    /// `bootstrap.servers` for clients.
    #[must_use]
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// `bootstrap.servers` for clients of a listener.
    ///
    /// # Errors
    /// If the cluster was started without it.
    pub fn bootstrap_of(&self, listener: Listener) -> Result<String> {
        let addresses = bootstrap(&self.ports, listener);
        ensure!(!addresses.is_empty(), "this cluster has no listener {}", listener.name());
        Ok(addresses)
    }

    /// The proxy in front of a server, by its id, from 1 on.
    ///
    /// # Errors
    /// If the cluster was started without [`Options::behind_proxies`].
    pub fn proxy(&self, id: u16) -> Result<&Proxy> {
        let index = usize::from(id).checked_sub(1);
        let proxy = index.and_then(|index| self.proxies.get(index));
        proxy.with_context(|| format!("no proxy in front of server {id}"))
    }

    /// What the servers consist of.
    pub(super) fn jars(&self) -> Result<&Jars> {
        self.jars.as_ref().ok_or_else(|| running::refusal(VARIABLE, "the tools of its Kafka"))
    }

    /// A server by its id, from 1 on: to stop, kill, freeze or start it.
    ///
    /// # Errors
    /// If there is none, or it is not this test's to break.
    pub fn node(&self, id: u16) -> Result<&Node> {
        if self.nodes.is_empty() {
            return Err(running::refusal(VARIABLE, "to break its Kafka"));
        }
        let index = usize::from(id).checked_sub(1);
        index.and_then(|index| self.nodes.get(index)).with_context(|| format!("no server {id}"))
    }

    /// All servers; none if they are not this test's to break.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// What every client of the harness begins with.
    #[must_use]
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap).set("log_level", "2");
        config
    }
}

/// The jars, and the options that start a JVM with them fast.
fn prepared() -> Result<(Jars, Vec<String>)> {
    let jars = Distribution::KAFKA.resolve()?;
    let archive = archive::options(&jars, |java, folder| {
        let one = Options::one_node();
        let (ports, _) = Ports::free(&one.listeners)?;
        node(&jars, java, &one, &[ports], 1, folder)
    })?;
    Ok((jars, archive))
}

fn bootstrap(ports: &[Ports], listener: Listener) -> String {
    let advertised = ports.iter().filter_map(|ports| ports.advertised(listener));
    let addresses: Vec<String> = advertised.map(|port| format!("127.0.0.1:{port}")).collect();
    addresses.join(",")
}

/// A server that is ready to start in its folder, which is made.
fn node(
    jars: &Jars,
    java: Vec<String>,
    options: &Options,
    ports: &[Ports],
    id: u16,
    folder: &Path,
) -> Result<Node> {
    let own = usize::from(id).checked_sub(1).and_then(|index| ports.get(index));
    let client = own.and_then(|own| own.advertised(Listener::Plaintext));
    storage::format(jars, &folder.join("logs"), id)?;
    let file = folder.join("server.properties");
    fs::write(&file, properties::written(options, ports, id, folder))?;
    let mut arguments = small_jvm(options.heap_mib);
    arguments.extend(java);
    arguments.extend([
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=info".to_owned(),
        "-Dorg.slf4j.simpleLogger.showDateTime=true".to_owned(),
        "-cp".to_owned(),
        jars.class_path(),
        "kafka.Kafka".to_owned(),
        file.display().to_string(),
    ]);
    Ok(Node::new(Launch {
        name: format!("Kafka server {id}"),
        arguments,
        log: folder.join("server.log"),
        ready: "Kafka Server started",
        address: (Ipv4Addr::LOCALHOST, client.context("a server without ports")?).into(),
        patience: Duration::from_secs(60),
    }))
}
