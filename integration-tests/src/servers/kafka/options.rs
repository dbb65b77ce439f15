//! What a Kafka cluster is like.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use forebay_clients::testing::Authority;

use super::listener::Listener;

/// What a Kafka cluster is like.
#[derive(Clone, Debug)]
pub struct Options {
    pub(super) nodes: u16,
    pub(super) heap_mib: u32,
    pub(super) listeners: Vec<Listener>,
    pub(super) properties: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self::one_node()
    }
}

impl Options {
    /// Who may come in through a listener that asks: by PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, or,
    /// with an unsecured token (`sasl.oauthbearer.config=principal=alice`), by OAUTHBEARER.
    pub const USER: &'static str = "alice";

    /// The password of [`Options::USER`].
    pub const PASSWORD: &'static str = "secret-of-alice";

    /// One server. It counts itself as lost after 1.5 s, so that it is back 4 s after it was
    /// killed.
    #[must_use]
    pub fn one_node() -> Self {
        Self {
            nodes: 1,
            heap_mib: 256,
            listeners: vec![Listener::Plaintext],
            properties: Vec::new(),
        }
    }

    /// Three servers: each partition is on all of them, and two have to have a record before it is
    /// acknowledged.
    #[must_use]
    pub fn three_nodes() -> Self {
        Self { nodes: 3, ..Self::one_node() }
    }

    /// A proxy in front of each server, and a listener that says so: [`Listener::Proxied`].
    #[must_use]
    pub fn behind_proxies(mut self) -> Self {
        self.listeners.push(Listener::Proxied);
        self
    }

    /// Listeners that ask for a password, a token or a certificate. The servers show the
    /// certificate `server` of this authority, which must outlive them. Through
    /// [`Listener::Ssl`], the holder of the certificate `client` is the user `CN=client`.
    ///
    /// # Errors
    /// If the folder of the authority cannot be written.
    pub fn secured(mut self, authority: &Authority) -> Result<Self> {
        let store = key_and_certificate(authority)?;
        self.listeners.extend([Listener::SaslPlaintext, Listener::SaslSsl, Listener::Ssl]);
        let security = "org.apache.kafka.common.security";
        let (user, password) = (Self::USER, Self::PASSWORD);
        let mechanisms = [
            ("scram-sha-256", format!("{security}.scram.ScramLoginModule required;")),
            ("scram-sha-512", format!("{security}.scram.ScramLoginModule required;")),
            (
                "plain",
                format!("{security}.plain.PlainLoginModule required user_{user}=\"{password}\";"),
            ),
            (
                "oauthbearer",
                format!(
                    "{security}.oauthbearer.OAuthBearerLoginModule required \
                     unsecuredLoginStringClaim_sub=\"{user}\";"
                ),
            ),
        ];
        let mut with = self
            .property("sasl.enabled.mechanisms", "SCRAM-SHA-256,SCRAM-SHA-512,PLAIN,OAUTHBEARER")
            .property("ssl.keystore.type", "PEM")
            .property("ssl.keystore.location", &store.display().to_string())
            .property("ssl.truststore.type", "PEM")
            .property("ssl.truststore.location", &authority.file("ca.pem").display().to_string())
            .property("listener.name.ssl.ssl.client.auth", "required");
        for (mechanism, login) in mechanisms {
            for listener in ["sasl_plaintext", "sasl_ssl"] {
                let name = format!("listener.name.{listener}.{mechanism}.sasl.jaas.config");
                with = with.property(&name, &login);
            }
        }
        Ok(with)
    }

    /// Nobody may do anything without a right ([`Kafka::allow`](super::Kafka::allow)), except who
    /// comes through [`Listener::Plaintext`] or [`Listener::Proxied`].
    #[must_use]
    pub fn with_rights(self) -> Self {
        self.property(
            "authorizer.class.name",
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        )
        .property("super.users", "User:ANONYMOUS")
        .property("allow.everyone.if.no.acl.found", "false")
    }

    /// Sets a property of each server (<https://kafka.apache.org/documentation/#brokerconfigs>),
    /// also one that is set already.
    #[must_use]
    pub fn property(mut self, name: &str, value: &str) -> Self {
        self.properties.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Gives each server a heap of so many MiB, 256 by default.
    #[must_use]
    pub fn heap_mib(mut self, heap_mib: u32) -> Self {
        self.heap_mib = heap_mib;
        self
    }
}

/// The file that JVMs read a server's identity from: its key, then its certificate.
pub(in crate::servers) fn key_and_certificate(authority: &Authority) -> Result<PathBuf> {
    let store = authority.file("server-store.pem");
    let mut text = fs::read_to_string(authority.file("server.key"))?;
    text.push_str(&fs::read_to_string(authority.file("server.pem"))?);
    fs::write(&store, text).context("the certificate of the server cannot be written")?;
    Ok(store)
}
