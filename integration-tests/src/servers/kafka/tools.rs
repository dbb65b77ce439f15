//! What only Kafka's own tools can do.

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::cluster::Kafka;
use super::topics::LONG;
use crate::servers::launch::small_jvm;
use crate::wait;

impl Kafka {
    /// Has another server lead a partition, and waits until it does: its copies are put in another
    /// order, and the first is elected. It takes two JVMs, a second each.
    ///
    /// # Errors
    /// If the cluster refuses, as it does where that server has no copy, or does not answer.
    pub fn move_leadership(&self, topic: &str, partition: i32, to: i32) -> Result<()> {
        let mut replicas = self.replicas(topic, partition)?;
        ensure!(replicas.contains(&to), "server {to} has no copy of {topic}/{partition}");
        replicas.sort_by_key(|replica| *replica != to);
        let plan = serde_json::json!({
            "version": 1,
            "partitions": [{ "topic": topic, "partition": partition, "replicas": replicas }],
        });
        let folder = tempfile::Builder::new().prefix("forebay-").tempdir()?;
        let file = folder.path().join("plan.json");
        std::fs::write(&file, plan.to_string())?;
        let file = file.display().to_string();
        let reassign = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";
        self.tool(reassign, &["--execute", "--reassignment-json-file", &file])?;
        let (elect, number) =
            ("org.apache.kafka.tools.LeaderElectionCommand", partition.to_string());
        wait::until(&format!("server {to} to lead {topic}/{partition}"), LONG, || {
            let leads =
                || anyhow::Ok(self.leaders(topic)?.get(usize::try_from(partition)?) == Some(&to));
            if leads()? {
                return Ok(Some(()));
            }
            let which = ["--topic", topic, "--partition", &number];
            // The new order may not have reached the one who elects.
            let told = self.tool(elect, &[&["--election-type", "preferred"], &which[..]].concat());
            Ok((told.is_ok() && leads()?).then_some(()))
        })
    }

    /// Gives a user (`alice`, `CN=client`) rights to operations (`Read`, `Write`, `Describe`,
    /// `All`) on what matches, as the arguments of Kafka's `kafka-acls.sh` say it: `--topic NAME`,
    /// `--group *`, `--transactional-id *`.
    ///
    /// # Errors
    /// If the cluster refuses or does not answer.
    pub fn allow(&self, user: &str, operations: &[&str], what: &[&str]) -> Result<()> {
        self.rights("--add", user, operations, what)
    }

    /// Takes rights away that were given by [`Kafka::allow`].
    ///
    /// # Errors
    /// If the cluster refuses or does not answer.
    pub fn disallow(&self, user: &str, operations: &[&str], what: &[&str]) -> Result<()> {
        self.rights("--remove", user, operations, what)
    }

    fn rights(&self, verb: &str, user: &str, operations: &[&str], what: &[&str]) -> Result<()> {
        let principal = format!("User:{user}");
        let mut arguments = vec![verb, "--force", "--allow-principal", &principal];
        for operation in operations {
            arguments.extend(["--operation", operation]);
        }
        arguments.extend(what);
        self.tool("org.apache.kafka.tools.AclCommand", &arguments).map(drop)
    }

    /// Runs one of Kafka's tools against the cluster, and says what it wrote.
    ///
    /// # Errors
    /// If it fails; and if the cluster was not started here.
    pub fn tool(&self, class: &str, arguments: &[&str]) -> Result<String> {
        let jars = self.jars()?;
        let output = Command::new("java")
            .args(small_jvm(128))
            .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
            .args(["-cp", &jars.class_path(), class, "--bootstrap-server", self.bootstrap()])
            .args(arguments)
            .output()
            .with_context(|| format!("{class} cannot run"))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        // Some of them fail and end with 0.
        if !output.status.success() || said.contains("Error:") {
            bail!("{class}: {}\n{said}{}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(said)
    }
}
