//! Values as people read them.

/// A time in milliseconds since the Unix epoch, as RFC 3339; `-` if there is none.
pub(super) fn time(ms: u64) -> String {
    if ms == 0 {
        return "-".to_owned();
    }
    i64::try_from(ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map_or_else(|| format!("{ms} ms"), |time| time.to_string())
}

/// A text on one line, cut to so many characters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = text.chars().take(most).map(clean).collect();
    if text.chars().nth(most).is_some() {
        short.push_str("...");
    }
    short
}

/// A count with its noun.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_texts_for_people() {
        assert_eq!(time(0), "-");
        assert_eq!(time(1_767_225_600_123), "2026-01-01T00:00:00.123Z");
        assert_eq!(time(u64::MAX), format!("{} ms", u64::MAX));
        assert_eq!(shortened("a\nb\u{1b}", 5), "a b ");
        assert_eq!(shortened("abcdef", 3), "abc...");
        assert_eq!(count(1, "entry", "entries"), "1 entry");
    }
}
