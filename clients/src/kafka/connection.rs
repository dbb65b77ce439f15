//! Where the brokers are, and how they are spoken to.

use std::collections::BTreeMap;
use std::path::Path;

use forebay_core::component::Problem;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::properties::{Role, refused};
use super::sasl::Sasl;
use super::tls::KafkaTls;
use crate::address::HostPort;

/// How to reach a Kafka cluster; flattened into the options of whatever connects to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KafkaConnection {
    /// Some brokers of the cluster, such as `["127.0.0.1:9092"]`. The others are learnt from
    /// them.
    #[schemars(example = vec!["127.0.0.1:9092"])]
    pub brokers: Vec<String>,
    /// The name by which brokers know this client, in their logs and quotas. Default `"forebay"`.
    #[serde(default = "default_client_id")]
    pub client_id: String,
    /// TLS. By default connections are plain. `{}` trusts the authorities of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<KafkaTls>,
    /// How this client proves who it is. By default it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sasl: Option<Sasl>,
    /// Further [properties of librdkafka](https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md),
    /// such as `{ "socket.keepalive.enable" = "true" }`. Those that have an option here, and
    /// those that would break a promise of this component, are refused with the reason.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
}

fn default_client_id() -> String {
    "forebay".to_owned()
}

impl KafkaConnection {
    /// What can be found wrong without I/O; paths begin in the table that this is flattened into.
    #[must_use]
    pub fn check(&self, role: Role) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.brokers.is_empty() {
            problems.push(
                Problem::at("brokers", "at least one broker is needed")
                    .help("write brokers = [\"host:9092\"]"),
            );
        }
        for (index, broker) in self.brokers.iter().enumerate() {
            if let Err(error) = broker.parse::<HostPort>() {
                problems.push(Problem::at(&format!("brokers.{index}"), error));
            }
        }
        if let Some(tls) = &self.tls {
            problems.extend(tls.check());
        }
        if let Some(sasl) = &self.sasl {
            problems.extend(sasl.check());
        }
        for (name, value) in &self.properties {
            let message = refused(role, name)
                .map(|why| format!("`{name}` cannot be set: {why}"))
                .or_else(|| unknown(name, value));
            if let Some(message) = message {
                let path = vec!["properties".to_owned(), name.clone()];
                problems.push(Problem { path, message, help: None });
            }
        }
        problems
    }

    /// The configuration of a client. Files are named relative to `base`; librdkafka reads them
    /// when the client is made. Properties of the role itself are for the caller to set.
    #[must_use]
    pub fn client_config(&self, base: &Path) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set_log_level(if self.properties.contains_key("debug") {
            RDKafkaLogLevel::Debug
        } else {
            RDKafkaLogLevel::Info
        });
        // An idle connection that a broker closes is no news.
        config.set("log.connection.close", "false");
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config.set("bootstrap.servers", self.brokers.join(","));
        config.set("client.id", &self.client_id);
        let protocol = match (&self.tls, &self.sasl) {
            (None, None) => "plaintext",
            (Some(_), None) => "ssl",
            (None, Some(_)) => "sasl_plaintext",
            (Some(_), Some(_)) => "sasl_ssl",
        };
        config.set("security.protocol", protocol);
        if let Some(tls) = &self.tls {
            tls.apply(base, &mut config);
        }
        if let Some(sasl) = &self.sasl {
            sasl.apply(&mut config);
        }
        config
    }
}

/// What librdkafka has against a property, if it does.
fn unknown(name: &str, value: &str) -> Option<String> {
    let mut config = ClientConfig::new();
    config.set(name, value);
    match config.create_native_config() {
        Ok(_) => None,
        Err(rdkafka::error::KafkaError::ClientConfig(_, text, _, _)) => {
            Some(format!("librdkafka does not take `{name}`: {text}"))
        }
        Err(error) => Some(format!("librdkafka does not take `{name}`: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> KafkaConnection {
        toml::from_str(text).unwrap()
    }

    fn paths(problems: &[Problem]) -> Vec<String> {
        problems.iter().map(|problem| problem.path.join(" ")).collect()
    }

    #[test]
    fn the_smallest_connection_is_plain() {
        let connection = read("brokers = [\"127.0.0.1:9092\", \"[::1]:9092\"]");
        assert_eq!(connection.check(Role::Consumer), []);
        let config = connection.client_config(Path::new("/etc"));
        assert_eq!(config.get("bootstrap.servers"), Some("127.0.0.1:9092,[::1]:9092"));
        assert_eq!(config.get("security.protocol"), Some("plaintext"));
        assert_eq!(config.get("client.id"), Some("forebay"));
    }

    #[test]
    fn tls_and_sasl_become_properties() {
        let connection = read(
            "brokers = [\"b:9\"]\ntls = { ca_file = \"ca.pem\", cert_file = \"/c.pem\", key_file = \"k.pem\", key_password = \"p\" }\n\
             sasl = { mechanism = \"SCRAM-SHA-512\", username = \"alice\", password = \"secret\" }",
        );
        assert_eq!(connection.check(Role::Producer), []);
        let config = connection.client_config(Path::new("/etc"));
        for (name, value) in [
            ("security.protocol", "sasl_ssl"),
            ("ssl.ca.location", "/etc/ca.pem"),
            ("ssl.certificate.location", "/c.pem"),
            ("ssl.key.location", "/etc/k.pem"),
            ("ssl.key.password", "p"),
            ("sasl.mechanisms", "SCRAM-SHA-512"),
            ("sasl.username", "alice"),
            ("sasl.password", "secret"),
        ] {
            assert_eq!(config.get(name), Some(value), "{name}");
        }
        assert!(!format!("{connection:?}").contains("secret\""));
    }

    #[test]
    fn all_problems_are_found_at_once() {
        let connection = read(
            "brokers = [\"b\"]\ntls = { cert_file = \"c\" }\nsasl = { mechanism = \"PLAIN\", username = \"\", password = \"\" }\n\
             [properties]\n\"enable.auto.commit\" = \"true\"\n\"no.such\" = \"1\"\n\"socket.timeout.ms\" = \"x\"\n\"client.rack\" = \"a\"\n",
        );
        assert_eq!(
            paths(&connection.check(Role::Consumer)),
            [
                "brokers 0",
                "tls cert_file",
                "sasl username",
                "properties enable.auto.commit",
                "properties no.such",
                "properties socket.timeout.ms",
            ]
        );
        assert_eq!(paths(&read("brokers = []").check(Role::Consumer)), ["brokers"]);
    }
}
