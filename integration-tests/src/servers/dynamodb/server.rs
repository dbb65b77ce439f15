//! Amazon's own engine for tests.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use tempfile::TempDir;

use crate::port;
use crate::servers::distribution::Distribution;
use crate::servers::launch::{Launch, small_jvm};
use crate::servers::node::Node;
use crate::servers::watchdog;

const PATIENCE: Duration = Duration::from_secs(60);

/// DynamoDB Local, which keeps tables in memory. It is fetched for tests, and never shipped.
#[derive(Debug)]
pub struct DynamoDb {
    address: SocketAddr,
    pub(super) client: Client,
    node: Node,
    _folder: TempDir,
}

impl DynamoDb {
    /// The server that all tests of this process share: tables have names of their own.
    ///
    /// # Errors
    /// If it cannot be started, with the end of its log: each test that asks fails.
    pub fn shared() -> Result<&'static Self> {
        static SHARED: OnceLock<Result<DynamoDb, String>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| Self::start().map_err(|error| format!("{error:#}")));
        shared.as_ref().map_err(|message| anyhow!("{message}"))
    }

    /// Brings what it consists of into the cache.
    ///
    /// # Errors
    /// If that fails.
    pub fn fetch() -> Result<()> {
        Distribution::DYNAMODB.resolve().map(drop)
    }

    /// Starts a server of its own for a test that breaks it. Started again, it has forgotten all
    /// tables.
    ///
    /// # Errors
    /// If it cannot be started, with the end of its log.
    pub fn start() -> Result<Self> {
        let jars = Distribution::DYNAMODB.resolve()?;
        let folder = tempfile::Builder::new().prefix("forebay-dynamodb-").tempdir()?;
        watchdog::remove(folder.path())?;
        let program = folder.path().join("DynamoOnLoopback.java");
        let text = include_str!("../../../servers/dynamodb/DynamoOnLoopback.java");
        std::fs::write(&program, text)?;
        let library = jars.file("DynamoDBLocal")?.parent().context("a file in no folder")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port::free()?));
        let mut arguments = small_jvm(256);
        arguments.extend([
            format!("-Djava.library.path={}", library.display()),
            format!("-Djava.io.tmpdir={}", folder.path().display()),
            "-cp".to_owned(),
            jars.class_path(),
            program.display().to_string(),
        ]);
        let options = ["-inMemory", "-sharedDb", "-disableTelemetry", "-port"];
        arguments.extend(options.map(str::to_owned));
        arguments.push(address.port().to_string());
        let node = Node::new(Launch {
            name: "DynamoDB".to_owned(),
            arguments,
            log: folder.path().join("dynamodb.log"),
            ready: "DynamoDB listens",
            address,
            patience: PATIENCE,
        });
        node.start()?;
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("x", "y", None, None, "tests"))
            .endpoint_url(format!("http://{address}"));
        Ok(Self { address, client: Client::from_conf(config.build()), node, _folder: folder })
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server: to stop, kill, freeze or start it.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }
}
