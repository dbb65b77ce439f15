//! The name of a partition.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use forebay_core::SplitId;

/// A partition of a topic, written `topic-3`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Partition {
    pub(crate) topic: Arc<str>,
    pub(crate) number: i32,
}

impl Partition {
    pub(crate) fn new(topic: &str, number: i32) -> Self {
        Self { topic: topic.into(), number }
    }

    /// Its name as a split.
    pub(crate) fn split(&self) -> SplitId {
        self.to_string().into()
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.number)
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.rsplit_once('-').and_then(|(topic, number)| {
            let number: i32 = number.parse().ok().filter(|number| *number >= 0)?;
            (!topic.is_empty()).then(|| Self::new(topic, number))
        });
        parsed.ok_or_else(|| {
            format!("`{text}` is no partition: write the topic, `-` and the number, such as \"orders-3\"")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Partition;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in ["orders-0", "eu-orders-17", "a.b_c-2"] {
            assert_eq!(name.parse::<Partition>().unwrap().to_string(), name);
        }
        assert_eq!("eu-orders-17".parse(), Ok(Partition::new("eu-orders", 17)));
        for name in ["", "orders", "-3", "orders-", "orders--3x", "orders-x", "orders-99999999999"]
        {
            assert!(name.parse::<Partition>().is_err(), "{name}");
        }
    }
}
