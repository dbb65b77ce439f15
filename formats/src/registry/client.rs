//! Asks the registry for a schema.

use std::collections::BTreeSet;
use std::fs;

use forebay_core::component::Problem;
use reqwest::header::ACCEPT;
use reqwest::{Certificate, Response, StatusCode, Url};
use serde::Deserialize;

use super::options::RegistryOptions;
use super::references::whole;

/// The largest answer that is taken, in bytes.
const MAX_ANSWER: usize = 4 << 20;

/// The kind of content that the API answers with.
const CONTENT: &str = "application/vnd.schemaregistry.v1+json, application/json";

/// What the API's
/// [code](https://docs.confluent.io/platform/current/schema-registry/develop/api.html#errors) says
/// of a subject, a version and a schema that is not there.
const ABSENT: [u64; 3] = [40401, 40402, 40403];

/// The most schemas that one may refer to, directly and by way of others.
const MOST_REFERRED: usize = 200;

/// A connection to the registry.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    options: RegistryOptions,
}

/// What the registry says of an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The schema.
    Schema {
        /// `AVRO`, `JSON` or `PROTOBUF`.
        kind: String,
        /// The schema as it was registered, with those that it refers to if it is one of Avro.
        text: String,
    },
    /// There is none of this id, or none that can be used, and why.
    Unusable(String),
}

/// A schema as the API answers it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    schema: String,
    #[serde(default = "avro")]
    schema_type: String,
    #[serde(default)]
    references: Vec<Reference>,
}

/// One schema that another refers to.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Reference {
    subject: String,
    version: u64,
}

/// What is found at an address of the API.
enum Got {
    Found(Found),
    /// Nothing that can be used, and why.
    Nothing(String),
}

/// Why there is no schema, as the API answers it.
#[derive(Deserialize)]
struct Refused {
    error_code: u64,
    #[serde(default)]
    message: String,
}

fn avro() -> String {
    "AVRO".to_owned()
}

impl Client {
    /// A client that has not connected yet.
    ///
    /// # Errors
    /// The file of authorities cannot be read.
    pub(super) fn new(options: &RegistryOptions) -> Result<Self, Problem> {
        let mut builder = reqwest::Client::builder()
            .user_agent("forebay")
            .redirect(reqwest::redirect::Policy::limited(3))
            .no_proxy()
            .timeout(options.timeout.0);
        if let Some(path) = &options.ca_file {
            let wrong = |error: &dyn std::fmt::Display| {
                let text = format!("`{}` cannot be used: {error}", path.display());
                Problem::at("registry.ca_file", text)
            };
            let pem = fs::read(path).map_err(|error| wrong(&error))?;
            let authorities = Certificate::from_pem_bundle(&pem).map_err(|error| wrong(&error))?;
            builder = builder.tls_certs_merge(authorities);
        }
        let http = builder.build().map_err(|error| {
            Problem::at("registry", format!("no client for it: {}", all(&error)))
        })?;
        Ok(Self { http, options: options.clone() })
    }

    /// Asks for the schema of an id, and for those that it refers to.
    ///
    /// # Errors
    /// Why there is no answer now.
    pub(super) async fn schema(&self, id: u32) -> Result<Answer, String> {
        let found = match self.found(&["schemas", "ids", &id.to_string()]).await? {
            Got::Found(found) => found,
            Got::Nothing(why) => return Ok(Answer::Unusable(why)),
        };
        let Found { schema, schema_type: kind, references } = found;
        // Schemas of JSON are read by nobody.
        if references.is_empty() || kind != "AVRO" {
            return Ok(Answer::Schema { kind, text: schema });
        }
        let made = match self.referred(references).await? {
            Ok(referred) => whole(&schema, &referred),
            Err(why) => Err(why),
        };
        Ok(match made {
            Ok(text) => Answer::Schema { kind, text },
            Err(why) => Answer::Unusable(why),
        })
    }

    /// The schemas that one refers to, and those that these refer to. The inner error says why one
    /// of them cannot be used.
    async fn referred(
        &self,
        references: Vec<Reference>,
    ) -> Result<Result<Vec<String>, String>, String> {
        let (mut left, mut seen) = (references, BTreeSet::new());
        let (mut texts, mut bytes) = (Vec::new(), 0);
        while let Some(reference) = left.pop() {
            if !seen.insert(reference.clone()) {
                continue;
            }
            if seen.len() > MOST_REFERRED {
                return Ok(Err(format!("it refers to more than {MOST_REFERRED} other schemas")));
            }
            let Reference { subject, version } = reference;
            let found =
                self.found(&["subjects", &subject, "versions", &version.to_string()]).await?;
            match found {
                Got::Found(found) => {
                    bytes += found.schema.len();
                    if bytes > MAX_ANSWER {
                        return Ok(
                            Err("with what it refers to it is larger than 4 MiB".to_owned()),
                        );
                    }
                    texts.push(found.schema);
                    left.extend(found.references);
                }
                Got::Nothing(why) => {
                    return Ok(Err(format!(
                        "it refers to version {version} of the subject `{subject}`: {why}"
                    )));
                }
            }
        }
        Ok(Ok(texts))
    }

    /// The schema that stands at an address of the API.
    ///
    /// # Errors
    /// Why there is no answer now.
    async fn found(&self, path: &[&str]) -> Result<Got, String> {
        let (status, body) = self.get(path).await?;
        let body = match body {
            Some(body) => body,
            None if status == StatusCode::OK => {
                return Ok(Got::Nothing("it is larger than 4 MiB".to_owned()));
            }
            None => Vec::new(),
        };
        match status {
            StatusCode::OK => serde_json::from_slice(&body)
                .map(Got::Found)
                .map_err(|error| self.told(format!("answers with what is no schema: {error}"))),
            StatusCode::NOT_FOUND => match serde_json::from_slice::<Refused>(&body) {
                Ok(refused) if ABSENT.contains(&refused.error_code) => {
                    Ok(Got::Nothing("the registry does not have it".to_owned()))
                }
                Ok(Refused { error_code, message }) => {
                    Err(self.told(format!("answers with code {error_code}: {message}")))
                }
                Err(_) => Err(self.stranger(path)),
            },
            other => Err(self.refusal(other)),
        }
    }

    /// Asks how many subjects there are that this user may see; `None` if they are too many to be
    /// counted.
    ///
    /// # Errors
    /// Why there is no answer now.
    pub(super) async fn subjects(&self) -> Result<Option<usize>, String> {
        let (status, body) = self.get(&["subjects"]).await?;
        match (status, body) {
            (StatusCode::OK, Some(body)) => {
                let names: Vec<String> =
                    serde_json::from_slice(&body).map_err(|_| self.stranger(&["subjects"]))?;
                Ok(Some(names.len()))
            }
            (StatusCode::OK, None) => Ok(None),
            (StatusCode::NOT_FOUND, _) => Err(self.stranger(&["subjects"])),
            (other, _) => Err(self.refusal(other)),
        }
    }

    /// Asks for a path below the address; no body if it is too large.
    async fn get(&self, path: &[&str]) -> Result<(StatusCode, Option<Vec<u8>>), String> {
        let url = Url::parse(self.base());
        let mut url = url.map_err(|error| self.told(format!("has no address: {error}")))?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let mut request = self.http.get(url).header(ACCEPT, CONTENT);
        if let Some(user) = &self.options.username {
            let password = self.options.password.as_ref().map(|secret| secret.reveal());
            request = request.basic_auth(user, password);
        }
        let response = request.send().await.map_err(|error| {
            self.told(format!("cannot be asked: {}", all(&error.without_url())))
        })?;
        let status = response.status();
        Ok((status, body(response).await.map_err(|what| self.told(what))?))
    }

    fn base(&self) -> &str {
        self.options.url.trim_end_matches('/')
    }

    fn told(&self, what: String) -> String {
        format!("the schema registry at {} {what}", self.base())
    }

    /// Whoever answers is no registry, or not there.
    fn stranger(&self, path: &[&str]) -> String {
        let url = format!("{}/{}", self.base(), path.join("/"));
        self.told(format!("does not know {url}: is the path in `url` right?"))
    }

    fn refusal(&self, status: StatusCode) -> String {
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                self.told(format!("refuses the credentials ({status})"))
            }
            other => self.told(format!("answers {other}")),
        }
    }
}

/// The body of an answer; none if it is too large.
async fn body(mut response: Response) -> Result<Option<Vec<u8>>, String> {
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await;
        match chunk.map_err(|error| format!("broke off: {}", all(&error.without_url())))? {
            None => return Ok(Some(body)),
            Some(chunk) if body.len() + chunk.len() > MAX_ANSWER => return Ok(None),
            Some(chunk) => body.extend_from_slice(&chunk),
        }
    }
}

/// An error with all that caused it.
fn all(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
