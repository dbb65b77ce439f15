//! The doors of a Kafka server.

/// A door of each Kafka server, with a port and a protocol of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Without any protection, for the servers themselves and for the harness: always there.
    Plaintext,
    /// As `Plaintext`, and the server says that it is reached through a proxy.
    Proxied,
    /// A password or a token, and no encryption.
    SaslPlaintext,
    /// A password or a token, with TLS.
    SaslSsl,
    /// TLS, with a certificate on both sides.
    Ssl,
}

impl Listener {
    /// Its name in the properties of the server.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Proxied => "PROXIED",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
            Self::Ssl => "SSL",
        }
    }

    /// `security.protocol` for its clients.
    #[must_use]
    pub fn protocol(self) -> &'static str {
        match self {
            Self::Plaintext | Self::Proxied => "PLAINTEXT",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
            Self::Ssl => "SSL",
        }
    }
}
