//! Who may send.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use forebay_core::component::Problem;
use forebay_core::secret::Secret;
use http::HeaderValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// The credentials that a request must show in its `Authorization` header.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Auth {
    /// A token ([RFC 6750](https://www.rfc-editor.org/rfc/rfc6750)).
    Bearer {
        /// The tokens that are good; several, so that one can be replaced without a gap.
        tokens: Vec<Secret>,
    },
    /// A name and a password ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)). Without TLS
    /// they travel in the clear.
    Basic {
        /// The passwords by name.
        users: BTreeMap<String, Secret>,
    },
}

impl Auth {
    /// What is wrong with the credentials, without showing them.
    pub(crate) fn check(&self) -> Vec<Problem> {
        match self {
            Self::Bearer { tokens } if tokens.is_empty() => {
                vec![Problem::at("auth.tokens", "without a token nobody may send")]
            }
            Self::Basic { users } if users.is_empty() => {
                vec![Problem::at("auth.users", "without a user nobody may send")]
            }
            Self::Bearer { tokens } => tokens
                .iter()
                .enumerate()
                .filter(|(_, token)| !is_token(token.reveal()))
                .map(|(index, _)| {
                    let text = "a token is printable ASCII without spaces, and not empty";
                    Problem::at(&format!("auth.tokens.{index}"), text)
                })
                .collect(),
            Self::Basic { users } => users
                .iter()
                .filter(|(name, password)| name.contains(':') || password.reveal().is_empty())
                .map(|(name, _)| Problem {
                    path: vec!["auth".to_owned(), "users".to_owned(), name.clone()],
                    message: "a name has no `:`, and a password is not empty".to_owned(),
                    help: None,
                })
                .collect(),
        }
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The credentials in the form in which they travel, ready to be compared.
#[derive(Clone)]
pub(crate) struct Gate {
    scheme: &'static str,
    challenge: HeaderValue,
    accepted: Vec<Vec<u8>>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

impl Gate {
    pub(crate) fn new(auth: &Auth) -> Self {
        match auth {
            Auth::Bearer { tokens } => Self {
                scheme: "Bearer",
                challenge: HeaderValue::from_static("Bearer realm=\"forebay\""),
                accepted: tokens.iter().map(|token| token.reveal().into()).collect(),
            },
            Auth::Basic { users } => Self {
                scheme: "Basic",
                challenge: HeaderValue::from_static("Basic realm=\"forebay\", charset=\"UTF-8\""),
                accepted: users
                    .iter()
                    .map(|(name, password)| {
                        STANDARD.encode(format!("{name}:{}", password.reveal())).into_bytes()
                    })
                    .collect(),
            },
        }
    }

    /// What to answer to a request that may not pass.
    pub(crate) fn challenge(&self) -> HeaderValue {
        self.challenge.clone()
    }

    /// Whether the value of the `Authorization` header opens the gate. All credentials are
    /// compared, each in a time that depends on its length alone.
    pub(crate) fn passes(&self, authorization: Option<&HeaderValue>) -> bool {
        let Some(value) = authorization.map(HeaderValue::as_bytes) else {
            return false;
        };
        let Some(space) = value.iter().position(|byte| *byte == b' ') else {
            return false;
        };
        let (scheme, shown) = value.split_at(space);
        let shown = shown.trim_ascii();
        let good = self.accepted.iter().fold(subtle::Choice::from(0), |good, accepted| {
            good | accepted.as_slice().ct_eq(shown)
        });
        scheme.eq_ignore_ascii_case(self.scheme.as_bytes()) && bool::from(good)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_credentials_pass() {
        let bearer = Gate::new(&Auth::Bearer {
            tokens: vec![Secret::new("old-token"), Secret::new("new-token")],
        });
        let basic = Gate::new(&Auth::Basic {
            users: BTreeMap::from([("Aladdin".to_owned(), Secret::new("open sesame"))]),
        });
        // The example of RFC 7617, section 2.
        let aladdin = "QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
        let cases = [
            (&bearer, "Bearer old-token".to_owned(), true),
            (&bearer, "bearer  new-token".to_owned(), true),
            (&bearer, "Bearer".to_owned(), false),
            (&bearer, "Bearer ".to_owned(), false),
            (&bearer, "Bearer old".to_owned(), false),
            (&bearer, "Bearer old-tokenx".to_owned(), false),
            (&bearer, "Basic old-token".to_owned(), false),
            (&bearer, "old-token".to_owned(), false),
            (&basic, format!("Basic {aladdin}"), true),
            (&basic, format!("BASIC {aladdin}"), true),
            (&basic, format!("Bearer {aladdin}"), false),
            (&basic, "Basic Aladdin:open sesame".to_owned(), false),
            (&basic, "Basic QWxhZGRpbjo=".to_owned(), false),
            (&basic, String::new(), false),
        ];
        for (gate, value, passes) in cases {
            let header = HeaderValue::from_str(&value).unwrap();
            assert_eq!(gate.passes(Some(&header)), passes, "{value}");
        }
        assert!(!bearer.passes(None));
    }

    #[test]
    fn credentials_show_themselves_nowhere() {
        let auth: Auth = toml::from_str("type = \"basic\"\nusers = { ann = \"hunter2\" }").unwrap();
        let gate = Gate::new(&auth);
        let shown = format!("{auth:?} {gate:?} {}", serde_json::to_string(&auth).unwrap());
        assert!(!shown.contains("hunter2") && !shown.contains("YW5uOmh1bnRlcjI"), "{shown}");
    }

    #[test]
    fn credentials_that_cannot_be_sent_are_found() {
        for (text, path) in [
            ("type = \"bearer\"\ntokens = []", "auth.tokens"),
            ("type = \"bearer\"\ntokens = [\"good\", \"not good\"]", "auth.tokens.1"),
            ("type = \"basic\"\nusers = {}", "auth.users"),
            ("type = \"basic\"\nusers = { \"a:b\" = \"x\" }", "auth.users.a:b"),
            ("type = \"basic\"\nusers = { a = \"\" }", "auth.users.a"),
        ] {
            let problems = toml::from_str::<Auth>(text).unwrap().check();
            assert_eq!(problems.len(), 1, "{text}");
            assert_eq!(problems[0].path.join("."), path);
        }
    }
}
