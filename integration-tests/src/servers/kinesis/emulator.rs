//! An emulator of Kinesis.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
use tempfile::TempDir;

use crate::servers::package::Package;
use crate::servers::process::Process;
use crate::servers::watchdog;
use crate::{port, wait};

const PATIENCE: Duration = Duration::from_secs(60);

/// How long the emulator takes for what takes the service some seconds.
const SLOWNESS: &str = "20ms";

/// kinesis-local, which keeps streams in memory: it has forgotten them when it ends, which it does
/// when this is dropped, at the latest with the process.
#[derive(Debug)]
pub struct Kinesis {
    address: SocketAddr,
    pub(super) client: Client,
    _process: Process,
    /// Dropped after the process that writes to it.
    _folder: TempDir,
}

impl Kinesis {
    /// What a configuration says of credentials, and of the region: the emulator takes any.
    pub const CREDENTIALS: &'static str = "region = \"us-east-1\"\ncredentials = { access_key_id = \"x\", secret_access_key = \"y\" }";

    /// The emulator that all tests of this process share: streams have names of their own.
    ///
    /// # Errors
    /// If it cannot be started, with the end of its log: each test that asks fails.
    pub fn shared() -> Result<&'static Self> {
        static SHARED: OnceLock<Result<Kinesis, String>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| Self::start().map_err(|error| format!("{error:#}")));
        shared.as_ref().map_err(|message| anyhow!("{message}"))
    }

    /// Brings what it consists of into the cache.
    ///
    /// # Errors
    /// If that fails.
    pub fn fetch() -> Result<()> {
        Package::KINESIS.resolve().map(drop)
    }

    /// Starts an emulator of its own for a test that breaks it.
    ///
    /// # Errors
    /// If it cannot be started, with the end of its log.
    pub fn start() -> Result<Self> {
        let package = Package::KINESIS.resolve()?;
        let folder = tempfile::Builder::new().prefix("forebay-kinesis-").tempdir()?;
        watchdog::remove(folder.path())?;
        // It listens everywhere by itself.
        let loopback = folder.path().join("loopback.js");
        std::fs::write(&loopback, include_str!("../../../servers/kinesis/loopback.js"))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port::free()?));
        let mut node = Command::new("node");
        node.arg("--require").arg(&loopback).arg(package.join("main.js"));
        node.current_dir(&package)
            .env("KINESIS_MOCK_CERT_PATH", package.join("server.json"))
            .env("KINESIS_MOCK_PLAIN_PORT", address.port().to_string())
            .env("KINESIS_MOCK_TLS_PORT", port::free()?.to_string())
            .env("SHARD_LIMIT", "500")
            .env("LOG_LEVEL", "ERROR");
        for what in [
            "CREATE_STREAM",
            "DELETE_STREAM",
            "SPLIT_SHARD",
            "MERGE_SHARDS",
            "UPDATE_SHARD_COUNT",
            "REGISTER_STREAM_CONSUMER",
            "DEREGISTER_STREAM_CONSUMER",
        ] {
            node.env(format!("{what}_DURATION"), SLOWNESS);
        }
        let mut process = Process::start("kinesis-local", node, &folder.path().join("log"))
            .context("node is needed: `apt-get install nodejs` brings it")?;
        let listening = wait::until("kinesis-local to listen", PATIENCE, || {
            process.ensure_running()?;
            Ok(TcpStream::connect(address).ok().map(drop))
        });
        listening.with_context(|| process.last_words())?;
        let client = client(&format!("http://{address}"));
        Ok(Self { address, client, _process: process, _folder: folder })
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The options by which a source or a sink reaches it, as TOML.
    #[must_use]
    pub fn options(&self) -> String {
        Self::options_at(self.address)
    }

    /// The options by which a source or a sink reaches it at another address.
    #[must_use]
    pub fn options_at(address: SocketAddr) -> String {
        format!("endpoint = \"http://{address}\"\n{}", Self::CREDENTIALS)
    }
}

fn client(endpoint: &str) -> Client {
    let config = aws_sdk_kinesis::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("x", "y", None, None, "tests"))
        .endpoint_url(endpoint);
    Client::from_conf(config.build())
}
