//! What an answer of the brokers, or none, says of the connection.

use std::fmt::Display;

use forebay_core::probe::{Halted, Obstacle, Probed};

use super::connection::KafkaConnection;
use super::events::ClientEvents;
use super::trouble::Cause;
use crate::address::HostPort;
use crate::probe::reach;

/// The steps `name` and `port` of a probe of a cluster.
///
/// # Errors
/// No broker can be reached.
pub async fn reach_brokers(
    probed: &mut Probed,
    connection: &KafkaConnection,
) -> Result<(), Halted> {
    let brokers: Vec<HostPort> =
        connection.brokers.iter().filter_map(|broker| broker.parse().ok()).collect();
    reach(probed, &brokers).await
}

/// The steps `tls`, `login` and `metadata` of a probe of a cluster, from what became of the first
/// question that was put to it.
///
/// # Errors
/// The question was not answered; the step that failed is the one that the client complained of.
pub fn judge_answer<T>(
    probed: &mut Probed,
    connection: &KafkaConnection,
    events: &ClientEvents,
    answer: Result<T, impl Display>,
) -> Result<T, Halted> {
    let mut passed = |upto: Passed| {
        if connection.tls.is_some() {
            probed.well("tls", "the brokers' certificate is trusted");
        }
        if connection.sasl.is_some() && upto == Passed::Login {
            probed.well("login", "the brokers believe who this is");
        }
    };
    let error = match answer {
        Ok(answer) => {
            passed(Passed::Login);
            return Ok(answer);
        }
        Err(error) => error,
    };
    let (step, help) = match events.trouble().map(|trouble| trouble.cause) {
        Some(Cause::Name) => (
            "name",
            "the brokers name themselves (advertised.listeners) so that this machine cannot find them",
        ),
        Some(Cause::Tls) => (
            "tls",
            "mend `tls`: the authority that signed the brokers' certificate, or this client's own certificate",
        ),
        Some(Cause::Authentication) => {
            passed(Passed::Tls);
            ("login", "mend `sasl`: the mechanism, the user or the password")
        }
        Some(Cause::Authorization) => {
            passed(Passed::Login);
            (
                "rights",
                "give this user the right to describe and to read or write the topics (kafka-acls.sh)",
            )
        }
        _ => (
            "metadata",
            "if the brokers want TLS or a login, set `tls` or `sasl`; else look at their log",
        ),
    };
    probed.step(step, Err(Obstacle::new(events.explain(error), help)))?;
    Err(Halted)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Passed {
    Tls,
    Login,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rdkafka::client::ClientContext;
    use rdkafka::error::KafkaError;
    use rdkafka::types::RDKafkaErrorCode as Code;

    use super::*;

    #[test]
    fn the_step_that_failed_is_the_one_that_the_client_complained_of() {
        let connection: KafkaConnection = toml::from_str(
            "brokers = [\"b:9\"]\ntls = {}\nsasl = { mechanism = \"PLAIN\", username = \"u\", password = \"p\" }",
        )
        .unwrap();
        let table: [(Option<Code>, &[&str]); 5] = [
            (Some(Code::SSL), &["tls"]),
            (Some(Code::Authentication), &["tls", "login"]),
            (Some(Code::TopicAuthorizationFailed), &["tls", "login", "rights"]),
            (Some(Code::AllBrokersDown), &["metadata"]),
            (None, &["metadata"]),
        ];
        for (code, expected) in table {
            let events = ClientEvents::new("orders".into(), &connection, Path::new("."));
            if let Some(code) = code {
                events.error(KafkaError::Global(code), "b:9: no");
            }
            let mut probed = Probed::default();
            let answer: Result<(), &str> = Err("timed out");
            assert!(judge_answer(&mut probed, &connection, &events, answer).is_err());
            let steps: Vec<&str> = probed.steps().iter().map(|step| &*step.name).collect();
            assert_eq!(steps, expected);
        }
        let events = ClientEvents::new("orders".into(), &connection, Path::new("."));
        let mut probed = Probed::default();
        let answer: Result<u8, &str> = Ok(7);
        assert_eq!(judge_answer(&mut probed, &connection, &events, answer), Ok(7));
        assert!(probed.is_well() && probed.steps().len() == 2);
    }
}
