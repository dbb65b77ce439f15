//! Fetching OAUTHBEARER tokens.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rdkafka::client::OAuthToken;
use serde::Deserialize;

use super::sasl::Token;

/// The longest token that is taken.
const MAX_TOKEN_BYTES: u64 = 1 << 20;
/// How long a command may run.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an unsecured token is good for.
const UNSECURED_LIFE: Duration = Duration::from_secs(3600);

/// What fetches tokens.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    token: Token,
    base: PathBuf,
}

/// The claims of a JSON Web Token that matter here ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519#section-4.1)).
#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// Seconds since 1970.
    exp: f64,
}

impl Tokens {
    pub(super) fn new(token: &Token, base: &Path) -> Self {
        Self { token: token.clone(), base: base.to_owned() }
    }

    /// Fetches a token; blocks for as long as a command may run.
    ///
    /// # Errors
    /// Where it failed, without the token.
    pub(super) fn fetch(&self) -> Result<OAuthToken, String> {
        let token = match &self.token {
            Token::File(file) => read(&self.base.join(file))?,
            Token::Command(words) => run(words, &self.base)?,
            Token::Unsecured(principal) => unsecured(principal, SystemTime::now()),
        };
        let token = parse(token.trim())?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        match u128::try_from(token.lifetime_ms).unwrap_or(0) {
            ends if ends > now => Ok(token),
            ends => Err(format!(
                "the token ended {} s ago: what should renew it does not",
                (now - ends).div_ceil(1000)
            )),
        }
    }
}

fn read(file: &Path) -> Result<String, String> {
    let wrong =
        |error: std::io::Error| format!("cannot read the token in `{}`: {error}", file.display());
    let mut text = String::new();
    let file = std::fs::File::open(file).map_err(wrong)?;
    file.take(MAX_TOKEN_BYTES).read_to_string(&mut text).map_err(wrong)?;
    Ok(text)
}

fn run(words: &[String], base: &Path) -> Result<String, String> {
    let [program, arguments @ ..] = words else {
        return Err("the token's command is empty".to_owned());
    };
    let wrong = |error: std::io::Error| format!("cannot run `{program}` for a token: {error}");
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(base)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(wrong)?;
    let output = child.stdout.take();
    // Read beside the wait: a program that writes more than a pipe holds would not end else.
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        output.map(|output| output.take(MAX_TOKEN_BYTES).read_to_string(&mut text));
        text
    });
    let deadline = Instant::now() + COMMAND_TIMEOUT;
    let status = loop {
        match child.try_wait().map_err(wrong)? {
            Some(status) => break status,
            None if Instant::now() >= deadline => {
                child.kill().and_then(|()| child.wait()).map_err(wrong)?;
                return Err(format!(
                    "`{program}` wrote no token within {} s",
                    COMMAND_TIMEOUT.as_secs()
                ));
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    if !status.success() {
        return Err(format!("`{program}`, which was to write a token, ended with {status}"));
    }
    reader.join().map_err(|_| format!("the output of `{program}` could not be read"))
}

/// A token of the algorithm `none` ([RFC 7519, section 6](https://www.rfc-editor.org/rfc/rfc7519#section-6)).
fn unsecured(principal: &str, now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let claims = serde_json::json!({
        "sub": principal,
        "iat": seconds,
        "exp": seconds + UNSECURED_LIFE.as_secs(),
    });
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.", encode("{\"alg\":\"none\"}"), encode(&claims.to_string()))
}

/// Reads principal and end out of a token.
fn parse(token: &str) -> Result<OAuthToken, String> {
    let claims = token
        .split('.')
        .nth(1)
        .and_then(|claims| URL_SAFE_NO_PAD.decode(claims).ok())
        .and_then(|claims| serde_json::from_slice::<Claims>(&claims).ok())
        .ok_or("the token is no JSON Web Token with the claims `sub` and `exp`")?;
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
    let lifetime_ms = (claims.exp * 1000.0) as i64;
    Ok(OAuthToken { token: token.to_owned(), principal_name: claims.sub, lifetime_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsecured_token_names_its_principal_and_its_end() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        let token = parse(&unsecured("alice", now)).unwrap();
        assert_eq!((token.principal_name.as_str(), token.lifetime_ms), ("alice", 4_600_000));
    }

    #[test]
    fn tokens_come_from_files_and_commands() {
        let folder = tempfile::tempdir().unwrap();
        let token = unsecured("bob", SystemTime::now());
        std::fs::write(folder.path().join("token"), format!("{token}\n")).unwrap();
        let fetch = |token: Token| Tokens::new(&token, folder.path()).fetch();
        let from_file = fetch(Token::File("token".into())).unwrap();
        assert_eq!((from_file.token, from_file.principal_name), (token.clone(), "bob".to_owned()));
        let command = ["cat", "token"].map(str::to_owned).to_vec();
        assert_eq!(fetch(Token::Command(command)).unwrap().token, token);
    }

    #[test]
    fn what_is_no_token_is_said_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let fetch = |token: Token| Tokens::new(&token, folder.path()).fetch().err().unwrap();
        assert!(fetch(Token::File("none".into())).contains("cannot read the token"));
        assert!(fetch(Token::Command(vec!["false".into()])).contains("exit status: 1"));
        assert!(fetch(Token::Command(vec!["no-such-program".into()])).contains("cannot run"));
        std::fs::write(folder.path().join("token"), "hunter2").unwrap();
        let error = fetch(Token::File("token".into()));
        assert!(error.contains("JSON Web Token") && !error.contains("hunter2"), "{error}");
        let old = SystemTime::now() - UNSECURED_LIFE - Duration::from_secs(90);
        std::fs::write(folder.path().join("token"), unsecured("bob", old)).unwrap();
        let error = fetch(Token::File("token".into()));
        assert!(error.contains("the token ended 9"), "{error}");
    }
}
