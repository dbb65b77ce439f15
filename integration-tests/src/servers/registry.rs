//! A schema registry.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use tempfile::TempDir;

use super::distribution::{Distribution, Jars, lock};
use super::launch::{Launch, small_jvm};
use super::node::Node;
use super::watchdog;
use crate::{port, wait};

const PATIENCE: Duration = Duration::from_secs(60);

/// Apicurio Registry, which keeps schemas in memory and speaks as Confluent's registry does, below
/// the path `/apis/ccompat/v7`. A schema of JSON needs `"$schema"`, or it is refused.
#[derive(Debug)]
pub struct Registry {
    address: SocketAddr,
    node: Node,
    _folder: TempDir,
}

impl Registry {
    /// The path below which it speaks as Confluent's registry does.
    pub const PATH: &'static str = "/apis/ccompat/v7";

    /// The registry that all tests of this process share: subjects have names of their own.
    ///
    /// # Errors
    /// If it cannot be started, with the end of its log: each test that asks fails.
    pub fn shared() -> Result<&'static Self> {
        static SHARED: OnceLock<Result<Registry, String>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| Self::start().map_err(|error| format!("{error:#}")));
        shared.as_ref().map_err(|message| anyhow!("{message}"))
    }

    /// Brings what it consists of into the cache.
    ///
    /// # Errors
    /// If that fails.
    pub fn fetch() -> Result<()> {
        unpacked(&Distribution::REGISTRY.resolve()?).map(drop)
    }

    /// Starts a registry of its own for a test that breaks it. Started again, it has forgotten all
    /// schemas.
    ///
    /// # Errors
    /// If it cannot be started, with the end of its log.
    pub fn start() -> Result<Self> {
        let program = unpacked(&Distribution::REGISTRY.resolve()?)?;
        let folder = tempfile::Builder::new().prefix("forebay-registry-").tempdir()?;
        watchdog::remove(folder.path())?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port::free()?));
        let mut arguments = small_jvm(256);
        arguments.extend([
            "-Dquarkus.http.host=127.0.0.1".to_owned(),
            format!("-Dquarkus.http.port={}", address.port()),
            format!("-Djava.io.tmpdir={}", folder.path().display()),
            "-jar".to_owned(),
            program,
        ]);
        let node = Node::new(Launch {
            name: "the schema registry".to_owned(),
            arguments,
            log: folder.path().join("registry.log"),
            ready: "Listening on: http",
            address,
            patience: PATIENCE,
        });
        let registry = Self { address, node, _folder: folder };
        registry.node.start()?;
        wait::until("the registry to answer", PATIENCE, || {
            Ok(registry.request("GET", "/subjects", "").ok())
        })
        .with_context(|| registry.node.last_words())?;
        Ok(registry)
    }

    /// The address below which a client of Confluent's registry works.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, Self::PATH)
    }

    /// The server: to stop, kill, freeze or start it.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Registers a schema of a kind (`AVRO`, `JSON`, `PROTOBUF`) under a subject, and says its id.
    ///
    /// # Errors
    /// If the registry refuses or does not answer.
    pub fn register(&self, subject: &str, kind: &str, schema: &str) -> Result<u32> {
        self.register_with(subject, kind, schema, &[])
    }

    /// As [`Registry::register`], for a schema that uses types of others: their names, and the
    /// subjects under which they are, each in its first version.
    ///
    /// # Errors
    /// If the registry refuses or does not answer.
    pub fn register_with(
        &self,
        subject: &str,
        kind: &str,
        schema: &str,
        references: &[(&str, &str)],
    ) -> Result<u32> {
        let references = references.iter().map(
            |(name, subject)| serde_json::json!({ "name": name, "subject": subject, "version": 1 }),
        );
        let references: Vec<_> = references.collect();
        let body = serde_json::json!({
            "schema": schema, "schemaType": kind, "references": references,
        })
        .to_string();
        let path = format!("/subjects/{subject}/versions");
        let answer: serde_json::Value = serde_json::from_str(&self.request("POST", &path, &body)?)?;
        let id = answer["id"].as_u64().with_context(|| format!("no id in {answer}"))?;
        Ok(u32::try_from(id)?)
    }

    /// One request; the path is below [`Registry::PATH`].
    ///
    /// # Errors
    /// If the registry does not answer, or not with 200.
    pub fn request(&self, method: &str, path: &str, body: &str) -> Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        write!(
            stream,
            "{method} {}{path} HTTP/1.0\r\nHost: {}\r\n\
             Content-Type: application/vnd.schemaregistry.v1+json\r\nContent-Length: {}\r\n\r\n{body}",
            Self::PATH,
            self.address,
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let Some((head, body)) = answer.split_once("\r\n\r\n") else {
            bail!("an answer without an end of its head: {answer}");
        };
        let status = head.lines().next().unwrap_or_default();
        ensure!(status.contains(" 200"), "{method} {path}: {status}: {body}");
        Ok(body.to_owned())
    }
}

/// The program, out of the archive that it is published as.
fn unpacked(jars: &Jars) -> Result<String> {
    let _lock = lock(&jars.folder.join(".unpack.lock"))?;
    let (folder, half) = (jars.folder.join("unpacked"), jars.folder.join("unpacked.half"));
    if !folder.exists() {
        if half.exists() {
            fs::remove_dir_all(&half)?;
        }
        fs::create_dir(&half)?;
        let archive = jars.file("apicurio-registry-app-")?;
        let tar = Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(&half).output()?;
        ensure!(tar.status.success(), "tar: {}", String::from_utf8_lossy(&tar.stderr));
        fs::rename(half, &folder)?;
    }
    let runner = fs::read_dir(&folder)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().ends_with("-runner.jar"));
    Ok(runner.with_context(|| format!("no runner in {}", folder.display()))?.display().to_string())
}
