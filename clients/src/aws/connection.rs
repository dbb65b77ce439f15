//! Where the services are, and how they are spoken to.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use forebay_core::component::Problem;
use forebay_core::units::TimeSpan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::credentials::AwsCredentials;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The region that an emulator is told where none is given: it does not matter there.
const EMULATORS_REGION: &str = "us-east-1";
/// How a role that is assumed shows in logs.
const SESSION: &str = "forebay";

/// How to reach Amazon's services; flattened into the options of whatever connects to one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AwsConnection {
    /// The region, such as `"eu-central-1"`. Default: what the environment, the profile or the
    /// machine says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"eu-central-1")]
    pub region: Option<String>,
    /// The address of the service, such as `"http://127.0.0.1:4567"` for an emulator, or that of
    /// a private endpoint. Default: that of the region, over TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Who this client is. By default that is looked for where the SDKs do: environment, profile,
    /// web identity, container, instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<AwsCredentials>,
    /// Longest time that an answer may take. 1s to 5m, default 30s.
    #[serde(default = "default_timeout")]
    pub timeout: TimeSpan,
}

fn default_timeout() -> TimeSpan {
    TimeSpan::from_secs(30)
}

impl AwsConnection {
    /// What can be found wrong without I/O; paths begin in the table that this is flattened into.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.region.as_deref() == Some("") {
            problems.push(Problem::at("region", "a region has a name"));
        }
        let is_address = |text: &String| {
            let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
            host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'))
        };
        if let Some(endpoint) = self.endpoint.as_ref().filter(|text| !is_address(text)) {
            let text = format!("`{endpoint}` is no address of a service");
            problems.push(
                Problem::at("endpoint", text).help("write one such as \"http://127.0.0.1:4567\""),
            );
        }
        if let Some(credentials) = &self.credentials {
            let found = credentials.check().into_iter();
            problems.extend(found.map(|problem| problem.within("credentials")));
        }
        let (least, most) = (TimeSpan::from_secs(1), TimeSpan::from_secs(300));
        if !(least..=most).contains(&self.timeout) {
            let text = format!("{} is not between {least} and {most}", self.timeout);
            problems.push(Problem::at("timeout", text));
        }
        problems
    }

    /// What the clients of all services are made from. It may look for credentials and a region
    /// on this machine. Nothing is retried by itself: pauses are the business of whoever calls.
    pub async fn load(&self) -> SdkConfig {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(self.timeout.0)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        if let Some(endpoint) = &self.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        let emulators = self.endpoint.as_ref().map(|_| EMULATORS_REGION.to_owned());
        if let Some(region) = self.region.clone().or(emulators) {
            loader = loader.region(Region::new(region));
        }
        let Some(who) = &self.credentials else { return loader.load().await };
        if let (Some(id), Some(secret)) = (&who.access_key_id, &who.secret_access_key) {
            let token = who.session_token.as_ref().map(|token| token.reveal().to_owned());
            let keys = Credentials::new(id, secret.reveal(), token, None, "configuration");
            loader = loader.credentials_provider(keys);
        }
        if let Some(profile) = &who.profile {
            loader = loader.profile_name(profile);
        }
        let config = loader.load().await;
        let Some(role) = &who.role_arn else { return config };
        // Roles are assumed at a service of another address.
        let mut identity = config.clone().into_builder();
        identity.set_endpoint_url(None);
        let identity = identity.build();
        let mut provider =
            AssumeRoleProvider::builder(role).session_name(SESSION).configure(&identity);
        if let Some(id) = &who.external_id {
            provider = provider.external_id(id);
        }
        let provider = provider.build().await;
        config
            .into_builder()
            .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(
                provider,
            ))
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let connection: AwsConnection = toml::from_str(text).unwrap();
        connection.check().iter().map(|problem| problem.path.join(" ")).collect()
    }

    #[test]
    fn all_problems_are_found_at_once() {
        assert_eq!(paths(""), Vec::<String>::new());
        assert_eq!(
            paths("endpoint = \"http://127.0.0.1:4567\"\ntimeout = \"2s\""),
            Vec::<String>::new()
        );
        assert_eq!(
            paths(
                "region = \"\"\nendpoint = \"127.0.0.1:4567\"\ntimeout = \"1ms\"\ncredentials = { access_key_id = \"a\" }"
            ),
            ["region", "endpoint", "credentials access_key_id", "timeout"]
        );
    }

    #[tokio::test]
    async fn the_options_reach_the_configuration() {
        let text = "region = \"eu-central-1\"\nendpoint = \"http://127.0.0.1:9\"\ntimeout = \"7s\"\n\
                    credentials = { access_key_id = \"a\", secret_access_key = \"b\" }";
        let connection: AwsConnection = toml::from_str(text).unwrap();
        let config = connection.load().await;
        assert_eq!(config.region().map(AsRef::as_ref), Some("eu-central-1"));
        assert_eq!(config.endpoint_url(), Some("http://127.0.0.1:9"));
        assert_eq!(config.retry_config().map(RetryConfig::max_attempts), Some(1));
        let attempt = config.timeout_config().and_then(TimeoutConfig::operation_attempt_timeout);
        assert_eq!(attempt, Some(Duration::from_secs(7)));
    }
}
