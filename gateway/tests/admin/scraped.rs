//! What a scraper reads.

use std::collections::{BTreeMap, BTreeSet};

/// A list of numbers in the OpenMetrics format, as a scraper reads it.
#[derive(Debug, Default)]
pub(crate) struct Scraped {
    pub(crate) kinds: BTreeMap<String, String>,
    /// Value by name and labels.
    pub(crate) numbers: BTreeMap<(String, BTreeMap<String, String>), f64>,
}

impl Scraped {
    pub(crate) fn read(text: &str) -> Self {
        let mut scraped = Self::default();
        assert!(text.ends_with("# EOF\n"), "{text}");
        for line in text.lines() {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(scraped.kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
            } else if !line.starts_with('#') {
                let (series, number) = line.rsplit_once(' ').unwrap();
                let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
                let labels = labels.strip_suffix('}').unwrap();
                let pairs = labels.split(',').filter(|pair| !pair.is_empty()).map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap();
                    (key.to_owned(), value.trim_matches('"').to_owned())
                });
                let key = (name.to_owned(), pairs.collect());
                let number = number.parse().unwrap();
                assert!(scraped.numbers.insert(key, number).is_none(), "twice: {line}");
            }
        }
        scraped
    }

    pub(crate) fn number(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        self.numbers.get(&(name.to_owned(), labels)).copied()
    }

    /// Each name with its kind and its labels, but for what is there only now and then: a backlog
    /// that shrinks.
    pub(crate) fn outline(&self) -> BTreeSet<String> {
        let passing = "forebay_backlog_drain_seconds";
        let names = self.numbers.keys().filter(|(name, _)| name != passing);
        let names = names.map(|(name, labels)| {
            let family = ["_total", "_info", "_bucket", "_sum", "_count"]
                .iter()
                .filter_map(|end| name.strip_suffix(end))
                .find(|family| self.kinds.contains_key(*family))
                .unwrap_or(name);
            let labels: Vec<&str> = labels.keys().map(String::as_str).collect();
            format!("{} {name} {}", self.kinds[family], labels.join(","))
        });
        names.collect()
    }

    /// Whether there is a family of this name, be it without numbers now.
    pub(crate) fn has_family(&self, name: &str) -> bool {
        let ends = ["", "_total", "_bucket", "_sum", "_count"];
        let families = ends.iter().filter_map(|end| name.strip_suffix(end));
        families.into_iter().any(|family| self.kinds.contains_key(family))
    }
}
