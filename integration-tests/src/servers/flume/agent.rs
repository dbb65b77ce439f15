//! An agent.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::properties::{Sink, properties};
use crate::port;
use crate::servers::distribution::Distribution;
use crate::servers::launch::{Launch, small_jvm};
use crate::servers::node::Node;
use crate::servers::watchdog;

const PATIENCE: Duration = Duration::from_secs(60);

const LOG4J_2: &str = r#"<Configuration status="WARN"><Appenders><Console name="c" target="SYSTEM_OUT">
<PatternLayout pattern="%d{HH:mm:ss.SSS} %-5p %c{1} %m%n"/></Console></Appenders>
<Loggers><Root level="info"><AppenderRef ref="c"/></Root></Loggers></Configuration>
"#;

const LOG4J_1: &str = "log4j.rootLogger=INFO,c
log4j.appender.c=org.apache.log4j.ConsoleAppender
log4j.appender.c.layout=org.apache.log4j.PatternLayout
log4j.appender.c.layout.ConversionPattern=%d{HH:mm:ss,SSS} %-5p %c{1} %m%n
";

/// A version of Flume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 1.9, with the Spark sink.
    V1_9,
    /// 1.11, the last.
    V1_11,
}

impl Version {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V1_9, Self::V1_11];

    fn distribution(self) -> Distribution {
        match self {
            Self::V1_9 => Distribution::FLUME_1_9,
            Self::V1_11 => Distribution::FLUME,
        }
    }
}

/// An agent with a file channel. It takes lines on a port, each of which it answers with `OK` when it
/// is in the channel, and files of lines that are [spooled](Self::spool). It goes, with its channel,
/// when this is dropped.
#[derive(Debug)]
pub struct FlumeAgent {
    node: Node,
    address: SocketAddr,
    folder: TempDir,
}

impl FlumeAgent {
    /// Brings what both versions consist of into the cache.
    ///
    /// # Errors
    /// If that fails.
    pub fn fetch() -> Result<()> {
        Version::ALL.into_iter().try_for_each(|version| version.distribution().resolve().map(drop))
    }

    /// Starts an agent.
    ///
    /// # Errors
    /// If it cannot be started, with the end of its log.
    pub fn start(version: Version, sink: &Sink) -> Result<Self> {
        const TRIES: usize = 3;
        for _ in 1..TRIES {
            match Self::start_on_a_free_port(version, sink) {
                // Another process was faster.
                Err(error) if format!("{error:#}").contains("Address already in use") => {}
                started => return started,
            }
        }
        Self::start_on_a_free_port(version, sink)
    }

    fn start_on_a_free_port(version: Version, sink: &Sink) -> Result<Self> {
        let jars = version.distribution().resolve()?;
        let folder = tempfile::Builder::new().prefix("forebay-flume-").tempdir()?;
        watchdog::remove(folder.path())?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port::free()?));
        let conf = folder.path().join("conf");
        fs::create_dir_all(&conf)?;
        fs::create_dir_all(folder.path().join("spool"))?;
        fs::write(conf.join("log4j2.xml"), LOG4J_2)?;
        fs::write(conf.join("log4j.properties"), LOG4J_1)?;
        let file = conf.join("agent.properties");
        fs::write(&file, properties(folder.path(), address.port(), sink))?;
        let mut arguments = small_jvm(192);
        arguments.extend([
            format!("-Djava.io.tmpdir={}", folder.path().display()),
            "-cp".to_owned(),
            format!("{}:{}", conf.display(), jars.class_path()),
            "org.apache.flume.node.Application".to_owned(),
            "-n".to_owned(),
            "a".to_owned(),
            "-f".to_owned(),
            file.display().to_string(),
            "--no-reload-conf".to_owned(),
        ]);
        let node = Node::new(Launch {
            name: format!("the agent of flume {}", version.distribution().version),
            arguments,
            log: folder.path().join("agent.log"),
            ready: "Created serverSocket",
            address,
            patience: PATIENCE,
        });
        node.start()?;
        Ok(Self { node, address, folder })
    }

    /// Where it takes lines.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives it a file of lines: they are in its channel some time later, each of them once.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn spool(&self, name: &str, text: &str) -> Result<()> {
        let (half, whole) = (self.folder.path().join(name), self.folder.path().join("spool"));
        fs::write(&half, text)?;
        fs::rename(&half, whole.join(name)).context("the file cannot be spooled")
    }

    /// A folder for what belongs to it, which goes with it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server: to stop, kill, freeze or start it.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }
}
