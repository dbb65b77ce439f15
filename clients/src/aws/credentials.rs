//! Who this client is.

use forebay_core::component::Problem;
use forebay_core::secret::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who this client is to Amazon's services. What is not said here comes from where the SDKs look:
/// environment, profile, web identity, container, instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AwsCredentials {
    /// The id of an access key. It needs `secret_access_key` too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// The secret of that key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_access_key: Option<Secret>,
    /// The token of temporary keys. By default there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<Secret>,
    /// A profile of the shared configuration files, instead of keys. Default: what `AWS_PROFILE`
    /// says, or `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// A role to assume, by its ARN, with the identity that the other options give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// The external id that the role asks for, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

impl AwsCredentials {
    /// What can be found wrong without I/O; paths begin in this table.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut wrong = |path: &str, text: &str| problems.push(Problem::at(path, text));
        match (&self.access_key_id, &self.secret_access_key) {
            (Some(_), None) => {
                wrong("access_key_id", "`access_key_id` needs a `secret_access_key`")
            }
            (None, Some(_)) => {
                wrong("secret_access_key", "`secret_access_key` needs an `access_key_id`");
            }
            (None, None) if self.session_token.is_some() => {
                wrong("session_token", "`session_token` belongs to an `access_key_id`");
            }
            _ => {}
        }
        if self.access_key_id.is_some() && self.profile.is_some() {
            wrong("profile", "there are either keys or a profile");
        }
        if self.external_id.is_some() && self.role_arn.is_none() {
            wrong("external_id", "`external_id` belongs to a `role_arn`");
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_belong_together_is_found() {
        for (text, paths) in [
            ("", vec![]),
            ("access_key_id = \"a\"\nsecret_access_key = \"b\"\nsession_token = \"c\"", vec![]),
            ("role_arn = \"arn:aws:iam::1:role/r\"\nexternal_id = \"x\"", vec![]),
            ("access_key_id = \"a\"", vec!["access_key_id"]),
            ("secret_access_key = \"a\"\nprofile = \"p\"", vec!["secret_access_key"]),
            (
                "access_key_id = \"a\"\nsecret_access_key = \"b\"\nprofile = \"p\"\nexternal_id = \"x\"",
                vec!["profile", "external_id"],
            ),
            ("session_token = \"a\"", vec!["session_token"]),
        ] {
            let credentials: AwsCredentials = toml::from_str(text).unwrap();
            let found: Vec<String> =
                credentials.check().iter().map(|problem| problem.path.join(" ")).collect();
            assert_eq!(found, paths, "{text}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let text =
            "access_key_id = \"a\"\nsecret_access_key = \"hunter2\"\nsession_token = \"hunter3\"";
        let credentials: AwsCredentials = toml::from_str(text).unwrap();
        assert!(!format!("{credentials:?}").contains("hunter"));
    }
}
