//! A Kafka cluster.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use rdkafka::ClientConfig;
use tempfile::TempDir;

use super::options::Options;
use super::storage;
use crate::port;
use crate::servers::distribution::{Distribution, Jars};
use crate::servers::launch::{Launch, small_jvm};
use crate::servers::node::Node;
use crate::servers::{archive, running, watchdog};

/// `host:port` of a server that runs already.
const VARIABLE: &str = "FOREBAY_TEST_KAFKA";

/// A Kafka cluster, which ends when this is dropped, at the latest with the process.
#[derive(Debug)]
pub struct Kafka {
    bootstrap: String,
    nodes: Vec<Node>,
    /// Dropped after the servers that write to it.
    _folder: Option<TempDir>,
}

/// The ports of one server.
#[derive(Clone, Copy, Debug)]
struct Ports {
    client: u16,
    controller: u16,
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
            Some(bootstrap) => Self { bootstrap, nodes: Vec::new(), _folder: None },
            None => Self::start(&Options::one_node())?,
        };
        kafka.warm_up()?;
        Ok(kafka)
    }

    /// Starts a cluster of its own for a test that does to it what others would notice.
    ///
    /// # Errors
    /// If it cannot be started, with the end of its log; and if `FOREBAY_TEST_KAFKA` names a
    /// server, which is not this test's to break.
    pub fn start(options: &Options) -> Result<Self> {
        running::refuse(VARIABLE, "a Kafka of its own")?;
        const TRIES: usize = 3;
        let jars = Distribution::KAFKA.resolve()?;
        let archive = archive::options(&jars, |java, folder| {
            let ports = Ports::free()?;
            node(&jars, java, &Options::one_node(), &[ports], 1, folder)
        })?;
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
        let ports: Vec<Ports> = (0..options.nodes).map(|_| Ports::free()).collect::<Result<_>>()?;
        let nodes = (1..=options.nodes)
            .map(|id| {
                let own = folder.path().join(id.to_string());
                node(jars, archive.to_vec(), options, &ports, id, &own)
            })
            .collect::<Result<Vec<Node>>>()?;
        // Each of them waits for the others.
        nodes.iter().try_for_each(Node::begin_to_start)?;
        nodes.iter().try_for_each(Node::wait_until_ready)?;
        let addresses: Vec<String> =
            ports.iter().map(|ports| format!("127.0.0.1:{}", ports.client)).collect();
        Ok(Self { bootstrap: addresses.join(","), nodes, _folder: Some(folder) })
    }

    /// `bootstrap.servers` for clients.
    #[must_use]
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
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

impl Ports {
    fn free() -> Result<Self> {
        let client = port::free()?;
        loop {
            let controller = port::free()?;
            if controller != client {
                return Ok(Self { client, controller });
            }
        }
    }
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
    let own = ports.get(usize::from(id) - 1).context("a server without ports")?;
    storage::format(jars, &folder.join("logs"), id)?;
    let file = folder.join("server.properties");
    fs::write(&file, properties(options, ports, id, folder)?)?;
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
        address: (Ipv4Addr::LOCALHOST, own.client).into(),
        patience: Duration::from_secs(60),
    }))
}

fn properties(options: &Options, ports: &[Ports], id: u16, folder: &Path) -> Result<String> {
    let own = ports.get(usize::from(id) - 1).context("a server without ports")?;
    let voters: Vec<String> = (1..)
        .zip(ports)
        .map(|(id, ports): (u16, _)| format!("{id}@127.0.0.1:{}", ports.controller))
        .collect();
    let Ports { client, controller } = own;
    let (copies, in_sync) = if options.nodes == 1 { (1, 1) } else { (3, 2) };
    // Waiting for a server that is gone is short, but longer where three JVMs share the processor.
    let (session, beat) = if options.nodes == 1 { (1_500, 300) } else { (3_000, 500) };
    let mut text = format!(
        "process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{client}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={logs}
auto.create.topics.enable=false
num.partitions=1
default.replication.factor={copies}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={in_sync}
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms={session}
broker.heartbeat.interval.ms={beat}
replica.lag.time.max.ms=5000
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=4194304
log.index.size.max.bytes=1048576
",
        voters = voters.join(","),
        logs = folder.join("logs").display(),
    );
    // Later lines win.
    for (name, value) in &options.properties {
        text.push_str(&format!("{name}={value}\n"));
    }
    Ok(text)
}
