//! The properties of librdkafka that cannot be passed through, each with the reason.

/// What a client is for: it decides which properties it cannot have set from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It reads.
    Consumer,
    /// It writes.
    Producer,
}

/// Why a property cannot be set from outside, if it cannot.
#[must_use]
pub fn refused(role: Role, name: &str) -> Option<&'static str> {
    let own = match role {
        Role::Consumer => CONSUMER,
        Role::Producer => PRODUCER,
    };
    if let Some((_, why)) = SHARED.iter().chain(own).find(|(known, _)| *known == name) {
        return Some(why);
    }
    if name.ends_with("_cb") || name.ends_with("opaque") {
        return Some("it takes a function of the program");
    }
    None
}

const BROKERS: &str = "the option `brokers` does";
const TLS: &str = "the option `tls` does";
const SASL: &str = "the option `sasl` does";
const KERBEROS: &str = "this build has no Kerberos";
const OIDC: &str =
    "this build asks no token endpoint; the option `sasl` takes a token from a file or a command";
const KEYSTORE: &str = "keys come as PEM files, with the option `tls`";

const SHARED: &[(&str, &str)] = &[
    ("bootstrap.servers", BROKERS),
    ("metadata.broker.list", BROKERS),
    ("client.id", "the option `client_id` does"),
    ("security.protocol", "it follows from the options `tls` and `sasl`"),
    ("ssl.ca.location", TLS),
    ("ssl.ca.pem", TLS),
    ("ssl.certificate.location", TLS),
    ("ssl.certificate.pem", TLS),
    ("ssl.key.location", TLS),
    ("ssl.key.pem", TLS),
    ("ssl.key.password", TLS),
    ("ssl.keystore.location", KEYSTORE),
    ("ssl.keystore.password", KEYSTORE),
    ("ssl.endpoint.identification.algorithm", "the option `tls.verify_hostname` does"),
    (
        "enable.ssl.certificate.verification",
        "the certificate of a broker is always verified; name its authority in `tls.ca_file`",
    ),
    ("sasl.mechanism", SASL),
    ("sasl.mechanisms", SASL),
    ("sasl.username", SASL),
    ("sasl.password", SASL),
    ("sasl.oauthbearer.config", SASL),
    ("enable.sasl.oauthbearer.unsecure.jwt", SASL),
    ("sasl.oauthbearer.method", OIDC),
    ("sasl.oauthbearer.client.id", OIDC),
    ("sasl.oauthbearer.client.secret", OIDC),
    ("sasl.oauthbearer.token.endpoint.url", OIDC),
    ("sasl.kerberos.service.name", KERBEROS),
    ("sasl.kerberos.principal", KERBEROS),
    ("sasl.kerberos.kinit.cmd", KERBEROS),
    ("sasl.kerberos.keytab", KERBEROS),
    ("sasl.kerberos.min.time.before.relogin", KERBEROS),
    ("plugin.library.paths", "it would load code into this process"),
    ("log.queue", "logs go where those of this process go"),
    ("log_level", "logs go where those of this process go; `debug` chooses what more is logged"),
    ("statistics.interval.ms", "nobody would read the statistics"),
    ("enabled_events", "it chooses what the program is told"),
];

const POSITIONS: &str = "positions are told when a batch is committed, never before";
const MEMORY: &str = "it follows from the option `buffer`, which bounds the memory";

const CONSUMER: &[(&str, &str)] = &[
    ("group.id", "the option `group` does"),
    ("group.instance.id", "the option `instance_id` does"),
    (
        "group.protocol",
        "the classic protocol is the one whose assignments are drained before they go",
    ),
    (
        "group.remote.assignor",
        "the classic protocol is the one whose assignments are drained before they go",
    ),
    (
        "partition.assignment.strategy",
        "partitions move one by one, with the strategy cooperative-sticky",
    ),
    ("enable.auto.commit", POSITIONS),
    ("auto.commit.enable", POSITIONS),
    ("auto.commit.interval.ms", POSITIONS),
    ("enable.auto.offset.store", POSITIONS),
    ("offset.store.method", POSITIONS),
    ("offset.store.path", POSITIONS),
    ("offset.store.sync.interval.ms", POSITIONS),
    ("auto.offset.reset", "the options `start` and `on_loss` do"),
    ("enable.partition.eof", "the end of a partition is seen by its watermark"),
    ("isolation.level", "the option `isolation` does"),
    ("check.crcs", "checksums are always verified"),
    ("consume.callback.max.messages", "grants decide how much is read"),
    ("queued.max.messages.kbytes", MEMORY),
    ("queued.min.messages", MEMORY),
    ("fetch.message.max.bytes", MEMORY),
    ("max.partition.fetch.bytes", MEMORY),
    ("fetch.max.bytes", MEMORY),
    ("max.poll.interval.ms", "it follows from the option `drain_timeout`"),
    ("session.timeout.ms", "the option `session_timeout` does"),
    ("topic.metadata.refresh.interval.ms", "the option `discover_interval` does"),
    ("allow.auto.create.topics", "reading a topic does not create it"),
];

const ORDER: &str = "records would be lost, doubled or out of order when they are sent again";

const PRODUCER: &[(&str, &str)] = &[
    ("enable.idempotence", ORDER),
    ("enable.gapless.guarantee", ORDER),
    ("max.in.flight", ORDER),
    ("max.in.flight.requests.per.connection", ORDER),
    ("message.send.max.retries", ORDER),
    ("retries", ORDER),
    ("acks", "the option `acks` does"),
    ("request.required.acks", "the option `acks` does"),
    ("transactional.id", "the option `exactly_once` chooses it"),
    ("partitioner", "the option `partitioner` does"),
    ("delivery.report.only.error", "a batch is written when each of its records is reported"),
    ("produce.offset.report", "a batch is written when each of its records is reported"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_refuses_its_own() {
        assert!(refused(Role::Consumer, "enable.auto.commit").is_some());
        assert!(refused(Role::Producer, "enable.auto.commit").is_none());
        assert!(refused(Role::Producer, "enable.idempotence").is_some());
        assert!(refused(Role::Consumer, "enable.idempotence").is_none());
        for role in [Role::Consumer, Role::Producer] {
            assert!(refused(role, "sasl.password").is_some());
            assert!(refused(role, "rebalance_cb").is_some());
            assert!(refused(role, "client.rack").is_none());
            assert!(refused(role, "debug").is_none());
        }
    }

    #[test]
    fn every_refused_property_is_one_of_librdkafka() {
        // A misspelt name in the lists would let the property through.
        let known = |name: &str| {
            let mut config = rdkafka::ClientConfig::new();
            config.set(name, "\u{1}");
            match config.create_native_config() {
                Err(rdkafka::error::KafkaError::ClientConfig(_, text, _, _)) => {
                    !text.starts_with("No such configuration property")
                }
                _ => true,
            }
        };
        for (name, _) in SHARED.iter().chain(CONSUMER).chain(PRODUCER) {
            assert!(known(name), "{name}");
        }
    }
}
