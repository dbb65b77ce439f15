//! The name that may have been meant.

/// A question with the name that is most like one that is not there; empty if none is.
#[must_use]
pub fn question<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let likeness =
        |known: &str| strsim::jaro_winkler(&name.to_ascii_lowercase(), &known.to_ascii_lowercase());
    known
        .map(|known| (likeness(known), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map_or_else(String::new, |(_, known)| format!("; did you mean `{known}`?"))
}

#[cfg(test)]
mod tests {
    use super::question;

    #[test]
    fn only_what_is_alike_is_asked_about() {
        let known = || ["customer", "price"].into_iter();
        assert_eq!(question("custmer", known()), "; did you mean `customer`?");
        assert_eq!(question("zzz", known()), "");
    }
}
