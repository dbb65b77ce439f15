//! `[gateway]`: what concerns the whole process.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use forebay_core::component::Problem;
use forebay_core::secret::Secret;
use forebay_core::units::ByteSize;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::log::LogSettings;
use super::telemetry::TelemetrySettings;

/// What concerns the whole process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GatewaySettings {
    /// Where the checkpoints, journals and default dead letters of all pipelines are kept: a
    /// folder, as a path or as `file://` and an absolute path. A relative path begins in the
    /// folder of the configuration file.
    #[serde(default = "checkpoints")]
    pub checkpoints: String,
    /// The address of the dashboard, the metrics and the health checks; `off` for none. Looking
    /// asks for no password: keep it on the loopback, or behind something that asks for one.
    #[serde(default = "listen")]
    pub listen: String,
    /// The token that whoever pauses a pipeline, changes a limit or replays dead letters has to
    /// show, of at least 16 characters; absent = only where `listen` is on the loopback may that
    /// be done, by whoever gets there.
    #[serde(default)]
    pub admin_token: Option<Secret>,
    /// Host names by which the admin address may be asked for, besides IP addresses and
    /// `localhost`: a web page that makes its own name mean this address (DNS rebinding) is refused.
    #[serde(default)]
    pub allowed_hosts: Vec<String>,
    /// The most splits of each pipeline that have numbers of their own in `/metrics`, the first in
    /// the order of their names; at most 10000. A monitoring system pays for each; the rest are
    /// counted in `forebay_splits_left_out`. Default 0: none.
    #[serde(default)]
    #[schemars(range(max = 10_000))]
    pub split_series: u32,
    /// The memory that records on their way may take, for all pipelines together. At least 1MiB.
    #[serde(default = "memory")]
    pub memory: ByteSize,
    /// Worker threads; absent = one per core.
    #[serde(default)]
    pub threads: Option<NonZeroUsize>,
    /// What is logged, and how.
    #[serde(default)]
    pub log: LogSettings,
    /// Traces and metrics for a collector of OpenTelemetry; absent = none, unless
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` asks for them.
    #[serde(default)]
    pub telemetry: Option<TelemetrySettings>,
}

fn checkpoints() -> String {
    "./data/checkpoints".to_owned()
}

fn listen() -> String {
    "127.0.0.1:8030".to_owned()
}

fn memory() -> ByteSize {
    ByteSize::mib(256)
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            checkpoints: checkpoints(),
            listen: listen(),
            admin_token: None,
            allowed_hosts: Vec::new(),
            split_series: 0,
            memory: memory(),
            threads: None,
            log: LogSettings::default(),
            telemetry: None,
        }
    }
}

/// Where the admin address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// Nowhere.
    Off,
    /// There.
    On(SocketAddr),
}

impl GatewaySettings {
    /// The folder of the checkpoints.
    ///
    /// # Errors
    /// If they are to be kept in a kind of store that is not known.
    pub fn checkpoint_folder(&self, base: &Path) -> Result<PathBuf, Problem> {
        let path = match self.checkpoints.split_once("://") {
            None => base.join(&self.checkpoints),
            Some(("file", path)) if path.starts_with('/') => PathBuf::from(path),
            Some(("file", path)) => {
                let message = format!("`file://{path}` does not begin at the root");
                let help = format!("write file:///{path} with three slashes, or just `{path}`");
                return Err(Problem::at("checkpoints", message).help(help));
            }
            Some((scheme, _)) => {
                let message = format!("checkpoints cannot be kept in `{scheme}://`");
                let help = "give a folder: \"/var/lib/forebay\" or \"file:///var/lib/forebay\"";
                return Err(Problem::at("checkpoints", message).help(help));
            }
        };
        if self.checkpoints.is_empty() {
            return Err(Problem::at("checkpoints", "the folder must not be empty"));
        }
        Ok(path)
    }

    /// The admin address.
    ///
    /// # Errors
    /// If it is none.
    pub fn listen_address(&self) -> Result<Listen, Problem> {
        if self.listen == "off" {
            return Ok(Listen::Off);
        }
        let local = self.listen.strip_prefix("localhost:").and_then(|port| port.parse().ok());
        let address = local
            .map(|port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
            .or_else(|| self.listen.parse().ok());
        address.map(Listen::On).ok_or_else(|| {
            Problem::at("listen", format!("`{}` is no address", self.listen))
                .help("write \"127.0.0.1:8030\", \"[::1]:8030\" or \"off\"")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(checkpoints: &str, listen: &str) -> GatewaySettings {
        GatewaySettings {
            checkpoints: checkpoints.to_owned(),
            listen: listen.to_owned(),
            ..GatewaySettings::default()
        }
    }

    #[test]
    fn folders_of_checkpoints() {
        let table = [
            ("./data", Some("/etc/forebay/./data")),
            ("/var/lib", Some("/var/lib")),
            ("file:///var/lib", Some("/var/lib")),
            ("file://data", None),
            ("s3://bucket/x", None),
            ("", None),
        ];
        for (text, folder) in table {
            let found = settings(text, "off").checkpoint_folder(Path::new("/etc/forebay"));
            assert_eq!(found.ok(), folder.map(PathBuf::from), "{text}");
        }
    }

    #[test]
    fn admin_addresses() {
        for text in ["127.0.0.1:8030", "localhost:1", "[::1]:0", "0.0.0.0:80", "off"] {
            assert!(settings("x", text).listen_address().is_ok(), "{text}");
        }
        for text in ["", "8030", "127.0.0.1", "example.org:80", "127.0.0.1:99999"] {
            assert!(settings("x", text).listen_address().is_err(), "{text}");
        }
    }
}
