//! What a topic may be called.

const MAX_BYTES: usize = 249;

/// Why no topic can have this name, if none can
/// ([Kafka's own rule](https://github.com/apache/kafka/blob/4.0/clients/src/main/java/org/apache/kafka/common/internals/Topic.java)).
pub(crate) fn why_unfit(name: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() {
        return Some("the name of a topic is not empty".to_owned());
    }
    if name.len() > MAX_BYTES {
        return Some(format!("the name of a topic has at most {MAX_BYTES} characters"));
    }
    if name == "." || name == ".." {
        return Some(format!("no topic can be called `{name}`"));
    }
    (!name.bytes().all(fits)).then(|| {
        let name = name.escape_debug();
        format!(
            "no topic can be called `{name}`: only letters, digits, `.`, `_` and `-` are allowed"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_kafka_takes_them() {
        for name in ["a", "orders.eu-1_x", "...", &"a".repeat(249)] {
            assert_eq!(why_unfit(name), None, "{name}");
        }
        for name in ["", ".", "..", "a b", "ä", "a/b", "a\0", &"a".repeat(250)] {
            assert!(why_unfit(name).is_some(), "{name}");
        }
    }
}
