//! The first steps of a probe of a service of Amazon's: the address, the identity, the rights.

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use forebay_core::probe::{Halted, Obstacle, Probed};

use super::connection::AwsConnection;
use super::failure::{Failure, chain};
use crate::address::HostPort;
use crate::probe::reach;

/// What an identity that is not accepted is called.
const STRANGERS: [&str; 8] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// The steps `region`, `name`, `port` and `credentials` of a probe of a service, `kinesis` or
/// `dynamodb`. The first is there only if it fails.
///
/// # Errors
/// There is no region, nobody answers at the address, or nothing says who this client is.
pub async fn reach_service(
    probed: &mut Probed,
    connection: &AwsConnection,
    service: &str,
) -> Result<(), Halted> {
    let config = connection.load().await;
    let Some(host) = host(connection, &config, service) else {
        let help = "set `region`, or AWS_REGION in the environment";
        let reason = "nothing says in which region the service is";
        return probed.step("region", Err(Obstacle::new(reason, help)));
    };
    reach(probed, &[host]).await?;
    let found = match config.credentials_provider() {
        None => Err("there is no provider of credentials".to_owned()),
        Some(provider) => match provider.provide_credentials().await {
            Ok(found) => Ok(format!("the access key {}", masked(found.access_key_id()))),
            Err(error) => Err(chain(&error)),
        },
    };
    let help = "set `credentials`, or what Amazon's SDKs look for: AWS_ACCESS_KEY_ID and \
                AWS_SECRET_ACCESS_KEY, AWS_PROFILE, a role of the machine";
    probed.step("credentials", found.map_err(|error| Obstacle::new(error, help)))
}

/// The steps `answer`, `identity` and `rights` of a probe, from what became of the first question
/// that was put to the service. What fails for another reason is given back.
///
/// # Errors
/// The service did not answer, does not know who this is, or does not let it.
pub fn judge_answer<T>(
    probed: &mut Probed,
    answer: Result<T, Failure>,
) -> Result<Result<T, Failure>, Halted> {
    let Err(failure) = &answer else {
        probed.well("identity", "the service believes who this is");
        return Ok(answer);
    };
    match failure.code.as_deref() {
        None => {
            let help = "look whether the service is what answers at `endpoint`, and over http or \
                        https as it wants";
            probed.step("answer", Err(Obstacle::new(failure, help)))?;
        }
        Some(code) if STRANGERS.contains(&code) => {
            let help = "mend the keys, or let the token be made anew; the clock of this machine \
                        has to be right to some minutes";
            probed.step("identity", Err(Obstacle::new(failure, help)))?;
        }
        Some(code) => {
            probed.well("identity", "the service believes who this is");
            if is_denied(code) {
                probed.step("rights", Err(denied(failure)))?;
            }
        }
    }
    Ok(answer)
}

/// Whether an error says that this identity may not do what it asked for.
#[must_use]
pub fn is_denied(code: &str) -> bool {
    matches!(code, "AccessDenied" | "AccessDeniedException" | "NotAuthorized" | "OptInRequired")
}

/// The obstacle that this identity may not do something.
#[must_use]
pub fn denied(failure: &Failure) -> Obstacle {
    let help = "add the action that it names to the policy of this identity (IAM)";
    Obstacle::new(failure, help)
}

fn host(connection: &AwsConnection, config: &SdkConfig, service: &str) -> Option<HostPort> {
    let Some(endpoint) = &connection.endpoint else {
        let region = config.region()?.as_ref();
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        return Some(HostPort { host: format!("{service}.{region}.{domain}"), port: 443 });
    };
    let (scheme, rest) = endpoint.split_once("://")?;
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    let port = if scheme == "http" { 80 } else { 443 };
    authority.parse().or_else(|_| format!("{authority}:{port}").parse()).ok()
}

/// The end of a key is enough to tell which one it is.
fn masked(key: &str) -> String {
    let count = key.chars().count();
    let end: String = key.chars().skip(count.saturating_sub(4)).collect();
    if count > 4 { format!("...{end}") } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Meaning;

    fn steps(code: Option<&str>) -> (Vec<String>, bool) {
        let failure = Failure {
            meaning: Meaning::Trouble,
            code: code.map(str::to_owned),
            text: "no".to_owned(),
        };
        let mut probed = Probed::default();
        let is_judged = judge_answer::<()>(&mut probed, Err(failure)).is_ok();
        assert_eq!(is_judged, probed.is_well());
        (probed.steps().iter().map(|step| step.name.to_string()).collect(), probed.is_well())
    }

    #[test]
    fn an_answer_says_who_is_believed_and_what_is_allowed() {
        let names = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(steps(None), (names(&["answer"]), false));
        assert_eq!(steps(Some("UnrecognizedClientException")), (names(&["identity"]), false));
        assert_eq!(steps(Some("AccessDeniedException")), (names(&["identity", "rights"]), false));
        assert_eq!(steps(Some("ResourceNotFoundException")), (names(&["identity"]), true));
    }

    #[tokio::test]
    async fn where_a_service_is() {
        for (options, expected) in [
            ("region = \"eu-central-1\"", "kinesis.eu-central-1.amazonaws.com:443"),
            ("region = \"cn-north-1\"", "kinesis.cn-north-1.amazonaws.com.cn:443"),
            ("endpoint = \"http://127.0.0.1:4567\"", "127.0.0.1:4567"),
            ("endpoint = \"https://kinesis.local/path\"", "kinesis.local:443"),
            ("endpoint = \"http://[::1]:4567/\"", "[::1]:4567"),
        ] {
            let connection: AwsConnection = toml::from_str(options).unwrap();
            let config = connection.load().await;
            let host = host(&connection, &config, "kinesis").unwrap();
            assert_eq!(host.to_string(), expected);
        }
        assert_eq!(masked("AKIAIOSFODNN7EXAMPLE"), "...MPLE");
        assert_eq!(masked("x"), "x");
    }
}
