//! The options.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use forebay_core::component::Problem;
use forebay_core::secret::Secret;
use forebay_core::units::{ByteSize, TimeSpan};
use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Posts rows as JSON to a URL.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct HttpConfig {
    /// Where to post to, such as `https://example.com/events`.
    #[schemars(example = &"http://localhost:9000/rows")]
    pub url: String,
    /// How rows stand in the body. Default `lines`.
    #[serde(default)]
    pub form: Form,
    /// Headers to send, such as `{ X-Tenant = "blue" }`. Default none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The user, where the server asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// A token to send as `Authorization: Bearer ...`, instead of user and password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// A PEM file with authorities to trust beside those of the system. A relative path begins at
    /// the folder of the configuration file. It is read at the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Rows of a request, at most, 1 to 1000000. Default 1000.
    #[serde(default = "default_max_rows")]
    pub max_rows: u32,
    /// Bytes of a request, at most, unless one row is larger; 1KiB to 1GiB. Default 1MiB.
    #[serde(default = "default_max_bytes")]
    pub max_bytes: ByteSize,
    /// Longest time that an answer may take, 100ms to 1h. Default 30s.
    #[serde(default = "default_timeout")]
    pub timeout: TimeSpan,
    /// Longest `Retry-After` that is honoured, up to 1d. Default 5m; a longer one counts as that.
    #[serde(default = "default_max_retry_after")]
    pub max_retry_after: TimeSpan,
    /// Whether an answer with a status of 2xx says row by row what became of them, as
    /// `{"errors": [{"row": 3, "retry": false, "reason": "..."}]}`. Default false: 2xx says that
    /// all rows were taken.
    #[serde(default)]
    pub row_outcomes: bool,
}

/// How rows stand in the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// A JSON object per line ([NDJSON](https://github.com/ndjson/ndjson-spec)), as
    /// `application/x-ndjson`.
    #[default]
    Lines,
    /// A JSON array of objects, as `application/json`.
    Array,
}

impl HttpConfig {
    /// Everything that is wrong.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        match Url::parse(&self.url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                if !url.username().is_empty() || url.password().is_some() {
                    problems.push(
                        Problem::at("url", "it holds a user or a password")
                            .help("write them as `username` and `password`"),
                    );
                }
            }
            Ok(_) => problems.push(Problem::at("url", "it is no address with http or https")),
            Err(error) => {
                problems.push(Problem::at("url", format!("it is no address: {error}")));
            }
        }
        for (name, value) in &self.headers {
            let is_good =
                HeaderName::try_from(name).is_ok() && HeaderValue::try_from(value).is_ok();
            if !is_good {
                let mut problem = Problem::at("headers", "it is no header of HTTP");
                problem.path.push(name.clone());
                problems.push(problem);
            }
        }
        if self.password.is_some() && self.username.is_none() {
            problems.push(Problem::at("password", "there is no `username` to go with it"));
        }
        if self.token.is_some() && self.username.is_some() {
            problems.push(Problem::at("token", "`token` and `username` exclude each other"));
        }
        if !(1..=1_000_000).contains(&self.max_rows) {
            problems.push(Problem::at("max_rows", "must be between 1 and 1000000"));
        }
        if !(1 << 10..=1 << 30).contains(&self.max_bytes.0) {
            problems.push(Problem::at("max_bytes", "must be between 1KiB and 1GiB"));
        }
        let (least, hour) = (Duration::from_millis(100), Duration::from_secs(3600));
        if !(least..=hour).contains(&self.timeout.0) {
            problems.push(Problem::at("timeout", "must be between 100ms and 1h"));
        }
        if self.max_retry_after.0 > Duration::from_secs(86_400) {
            problems.push(Problem::at("max_retry_after", "must be at most 1d"));
        }
        problems
    }
}

fn default_max_rows() -> u32 {
    1000
}

fn default_max_bytes() -> ByteSize {
    ByteSize::mib(1)
}

fn default_timeout() -> TimeSpan {
    TimeSpan::from_secs(30)
}

fn default_max_retry_after() -> TimeSpan {
    TimeSpan::from_secs(300)
}

#[cfg(test)]
mod tests {
    use super::HttpConfig;

    #[test]
    fn every_mistake_is_named() {
        for (json, path) in [
            (r#"{"url": "ftp://a"}"#, "url"),
            (r#"{"url": "a b"}"#, "url"),
            (r#"{"url": "http://u:p@a"}"#, "url"),
            (r#"{"url": "http://a", "headers": {"a b": "c"}}"#, "headers.a b"),
            (r#"{"url": "http://a", "headers": {"a": "\n"}}"#, "headers.a"),
            (r#"{"url": "http://a", "password": "p"}"#, "password"),
            (r#"{"url": "http://a", "username": "u", "token": "t"}"#, "token"),
            (r#"{"url": "http://a", "max_rows": 0}"#, "max_rows"),
            (r#"{"url": "http://a", "max_bytes": "1B"}"#, "max_bytes"),
            (r#"{"url": "http://a", "timeout": "2h"}"#, "timeout"),
            (r#"{"url": "http://a", "max_retry_after": "2d"}"#, "max_retry_after"),
        ] {
            let config: HttpConfig = serde_json::from_str(json).unwrap();
            let found: Vec<_> =
                config.problems().into_iter().map(|problem| problem.path.join(".")).collect();
            assert_eq!(found, [path], "{json}");
        }
        let good: HttpConfig = serde_json::from_str(r#"{"url": "https://a/b?c=d"}"#).unwrap();
        assert_eq!(good.problems(), []);
    }
}
