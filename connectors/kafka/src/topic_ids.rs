//! Telling a topic from one of the same name that was made later.

use std::collections::{BTreeMap, BTreeSet};

/// What librdkafka logs, in its debug context `topic`, when the metadata of a topic bring another
/// id than it knew ([`rd_kafka_topic_metadata_update`](https://github.com/confluentinc/librdkafka/blob/v2.12.1/src/rdkafka_topic.c#L1440)):
/// `Topic NAME changed id from ID to ID`. It goes on at the old offset all the same, and no
/// function tells the id.
const CHANGED: &str = " changed id from ";

/// The id of no topic.
const NONE: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// The ids of topics, as metadata bring them.
#[derive(Debug, Default)]
pub(crate) struct TopicIds {
    known: BTreeMap<String, String>,
    made_anew: BTreeSet<String>,
}

impl TopicIds {
    /// Takes notice of a line of the log; says whether a topic was made anew.
    pub(crate) fn hear(&mut self, line: &str) -> bool {
        let parsed = line.find("Topic ").and_then(|at| {
            let (topic, ids) = line[at + "Topic ".len()..].split_once(CHANGED)?;
            let (_, new) = ids.split_once(" to ")?;
            Some((topic, new.trim()))
        });
        let Some((topic, new)) = parsed else { return false };
        if new.trim_end_matches('=') == NONE {
            return false;
        }
        let before = self.known.insert(topic.to_owned(), new.to_owned());
        let anew = before.is_some_and(|before| before != new);
        if anew {
            self.made_anew.insert(topic.to_owned());
        }
        anew
    }

    /// The id of a topic.
    pub(crate) fn get(&self, topic: &str) -> Option<&str> {
        self.known.get(topic).map(String::as_str)
    }

    /// Topics that were made anew since this was asked last.
    pub(crate) fn take_made_anew(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.made_anew)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_made_anew_when_its_id_changes() {
        let mut ids = TopicIds::default();
        let line = |from: &str, to: &str| {
            format!("[thrd:main]: Topic eu-orders changed id from {from} to {to}")
        };
        assert!(!ids.hear(&line(NONE, "Qm9iYWZldHQxMjM0NTY3OA")));
        assert_eq!(ids.get("eu-orders"), Some("Qm9iYWZldHQxMjM0NTY3OA"));
        assert!(!ids.hear(&line("x", "Qm9iYWZldHQxMjM0NTY3OA")));
        assert!(!ids.hear("[thrd:main]: Topic eu-orders partition 0 Leader 1"));
        assert!(!ids.hear(&line("Qm9iYWZldHQxMjM0NTY3OA", NONE)));
        assert!(ids.hear(&line(NONE, "Sm9iYWZldHQxMjM0NTY3OB")));
        assert_eq!(ids.take_made_anew(), BTreeSet::from(["eu-orders".to_owned()]));
        assert!(ids.take_made_anew().is_empty());
    }
}
