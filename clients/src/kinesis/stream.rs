//! Which stream is meant.

use std::fmt;
use std::str::FromStr;

/// A stream, by its name or its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamId {
    name: String,
    arn: Option<String>,
}

impl StreamId {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name to put into a request; none where the ARN says it.
    #[must_use]
    pub fn request_name(&self) -> Option<String> {
        self.arn.is_none().then(|| self.name.clone())
    }

    /// The ARN to put into a request, if it is known.
    #[must_use]
    pub fn request_arn(&self) -> Option<String> {
        self.arn.clone()
    }
}

/// [The names that Kinesis takes](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html).
fn is_name(name: &str) -> bool {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=128).contains(&name.len()) && name.chars().all(is_legal)
}

impl FromStr for StreamId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_arn = text.starts_with("arn:");
        let name = match is_arn {
            // arn:PARTITION:kinesis:REGION:ACCOUNT:stream/NAME
            true => text
                .splitn(6, ':')
                .nth(5)
                .filter(|_| text.split(':').nth(2) == Some("kinesis"))
                .and_then(|resource| resource.strip_prefix("stream/")),
            false => Some(text),
        };
        match name.filter(|name| is_name(name)) {
            Some(name) => Ok(Self { name: name.to_owned(), arn: is_arn.then(|| text.to_owned()) }),
            None => Err(format!(
                "`{text}` is no stream: write its name (letters, digits, `.`, `_` and `-`, at most \
                 128) or its ARN, such as \"arn:aws:kinesis:eu-central-1:123456789012:stream/orders\""
            )),
        }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::StreamId;

    #[test]
    fn names_and_arns() {
        let plain: StreamId = "orders.v1".parse().unwrap();
        assert_eq!(
            (plain.request_name().as_deref(), plain.request_arn()),
            (Some("orders.v1"), None)
        );
        let arn = "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/orders";
        let full: StreamId = arn.parse().unwrap();
        assert_eq!((full.name(), full.request_name()), ("orders", None));
        assert_eq!(full.request_arn().as_deref(), Some(arn));
        for text in [
            "",
            "a b",
            "a/b",
            "arn:",
            "arn:aws:kinesis:eu-central-1:1:stream",
            "arn:aws:kinesis:eu-central-1:1:stream/",
            "arn:aws:dynamodb:eu-central-1:1:stream/orders",
        ] {
            assert!(text.parse::<StreamId>().is_err(), "{text}");
        }
    }
}
