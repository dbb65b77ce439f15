//! Small things that are done with texts.

use serde_json::Value;

/// The first sentence of a doc comment, without its full stop and line breaks.
pub(crate) fn first_sentence(text: &str) -> String {
    let text = one_line(text.split("\n\n").next().unwrap_or_default());
    let end = text
        .match_indices(". ")
        .map(|(at, _)| at)
        .find(|at| !text[..*at].ends_with("e.g") && !text[..*at].ends_with("i.e"));
    let sentence = end.map_or(text.as_str(), |end| &text[..end]);
    sentence.trim_end_matches(['.', ';', ':']).to_owned()
}

/// A text with its line breaks and runs of spaces made into single spaces.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name that was probably meant, if one is near enough.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '.', ' '], "_");
    let wanted = plain(name);
    let near = (wanted.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= near && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A JSON value as TOML that stands on one line; `None` for what TOML has no word for.
pub(crate) fn inline_toml(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(inline_toml).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Value::Object(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .filter_map(|(key, value)| {
                    Some(format!("{} = {}", toml_key(key), inline_toml(value)?))
                })
                .collect();
            if entries.is_empty() {
                return Some("{}".to_owned());
            }
            Some(format!("{{ {} }}", entries.join(", ")))
        }
        Value::String(text) => Some(toml::Value::from(text.as_str()).to_string()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
    }
}

fn toml_key(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) {
        key.to_owned()
    } else {
        toml::Value::from(key).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        let known = ["kafka", "files", "max_rate_per_split", "interval"];
        let table = [
            ("kafkaa", Some("kafka")),
            ("fils", Some("files")),
            ("max-rate-per-split", Some("max_rate_per_split")),
            ("intervall", Some("interval")),
            ("cassandra", None),
            ("", None),
        ];
        for (name, expected) in table {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
    }

    #[test]
    fn sentences_end_at_a_full_stop() {
        let table = [
            ("One. Two.", "One"),
            ("Wide as\na page. And on.", "Wide as a page"),
            ("Texts, e.g. this one. Next", "Texts, e.g. this one"),
            ("1.5 times.", "1.5 times"),
            ("Head\n\nBody.", "Head"),
        ];
        for (text, expected) in table {
            assert_eq!(first_sentence(text), expected);
        }
    }

    #[test]
    fn json_as_toml() {
        let value = serde_json::json!({ "a b": [1, "x\"y"], "n": null, "t": {} });
        let text = inline_toml(&value).unwrap();
        let table: toml::Table = format!("v = {text}").parse().unwrap();
        assert_eq!(table["v"]["a b"][1].as_str(), Some("x\"y"));
    }
}
