//! `${VARIABLES}` in texts.
//!
//! They are replaced after the file was parsed, so what stands in a variable can never change
//! the structure of the file, and only in values that are texts.

use super::tree::Text;

/// Where variables come from: a function, so that a test needs no process environment.
pub type Environment<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A variable that could not be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// The part of the text that it stands in.
    pub(super) fragment: String,
    /// What is wrong.
    pub(super) message: String,
    /// What to do about it.
    pub(super) help: Option<String>,
}

/// Replaces the variables of a text:
///
/// - `${NAME}`: the variable, which must be set;
/// - `${NAME:-default}`: the default if it is not set or empty;
/// - `${NAME:?message}`: a finding with this message if it is not set or empty;
/// - `$${`: the characters `${`.
pub(super) fn replace(text: &str, environment: &Environment<'_>) -> Result<Text, Vec<Mistake>> {
    let mut out = String::with_capacity(text.len());
    let mut mistakes = Vec::new();
    let mut replaced = false;
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let before = &rest[..at];
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(before);
        let inside = &rest[at + 2..];
        let Some(end) = inside.find('}') else {
            mistakes.push(Mistake {
                fragment: rest[at..].to_owned(),
                message: "`${` has no closing `}`".to_owned(),
                help: Some("write `$${` for the characters `${` themselves".to_owned()),
            });
            rest = "";
            break;
        };
        match value_of(&inside[..end], environment) {
            Ok(value) => {
                replaced = true;
                out.push_str(&value);
            }
            Err((message, help)) => {
                let fragment = rest[at..=at + 2 + end].to_owned();
                mistakes.push(Mistake { fragment, message, help });
            }
        }
        rest = &inside[end + 1..];
    }
    out.push_str(rest);
    if mistakes.is_empty() { Ok(Text { text: out, replaced }) } else { Err(mistakes) }
}

fn value_of(
    inside: &str,
    environment: &Environment<'_>,
) -> Result<String, (String, Option<String>)> {
    let (name, otherwise) = match inside.split_once(':') {
        Some((name, otherwise)) => (name, Some(otherwise)),
        None => (inside, None),
    };
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Err((
            format!("`{name}` is no name of a variable"),
            Some("names are letters, digits and `_`; write `$${` for the characters `${`".into()),
        ));
    }
    let value = environment(name);
    let Some(otherwise) = otherwise else {
        return value.ok_or_else(|| {
            let help = format!("set it, or give a default: `${{{name}:-default}}`");
            (format!("the environment variable `{name}` is not set"), Some(help))
        });
    };
    let value = value.filter(|value| !value.is_empty());
    if let Some(default) = otherwise.strip_prefix('-') {
        return Ok(value.unwrap_or_else(|| default.to_owned()));
    }
    if let Some(message) = otherwise.strip_prefix('?') {
        return value.ok_or_else(|| {
            let message = if message.is_empty() { "it must be set" } else { message };
            (format!("the environment variable `{name}` is not set: {message}"), None)
        });
    }
    Err((
        format!("`:{otherwise}` is not understood"),
        Some("write `${NAME}`, `${NAME:-default}` or `${NAME:?message}`".to_owned()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<String> {
        match name {
            "HOST" => Some("db1".to_owned()),
            "EMPTY" => Some(String::new()),
            "TRICK" => Some("${HOST}".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn variables_are_replaced() {
        let table = [
            ("plain", "plain", false),
            ("${HOST}:9042", "db1:9042", true),
            ("${HOST}${HOST}", "db1db1", true),
            ("${NONE:-a:-b}", "a:-b", true),
            ("${EMPTY:-x}", "x", true),
            ("${EMPTY}", "", true),
            ("${HOST:?why}", "db1", true),
            ("$${HOST} $HOST $$", "${HOST} $HOST $$", false),
            ("$${${HOST}}", "${db1}", true),
            // What stands in a variable is not looked into.
            ("${TRICK}", "${HOST}", true),
        ];
        for (text, expected, was) in table {
            let Text { text: out, replaced } = replace(text, &environment).unwrap();
            assert_eq!((out.as_str(), replaced), (expected, was), "{text}");
        }
    }

    #[test]
    fn mistakes_name_their_fragment() {
        let table = [
            ("a ${NONE} b", "${NONE}", "is not set"),
            ("${NONE:?ask ops}", "${NONE:?ask ops}", "ask ops"),
            ("${NONE:=x}", "${NONE:=x}", "not understood"),
            ("${}", "${}", "no name"),
            ("${1a}", "${1a}", "no name"),
            ("x ${HOST", "${HOST", "no closing"),
        ];
        for (text, fragment, message) in table {
            let mistakes = replace(text, &environment).unwrap_err();
            assert_eq!(mistakes.len(), 1, "{text}");
            assert_eq!(mistakes[0].fragment, fragment);
            assert!(mistakes[0].message.contains(message), "{}", mistakes[0].message);
        }
        assert_eq!(replace("${A}${B}", &environment).unwrap_err().len(), 2);
    }
}
