//! The table of options in a README.

/// Where the table begins.
const BEGIN: &str = "<!-- options -->";
/// Where it ends.
const END: &str = "<!-- /options -->";

/// Puts a table between the markers; `None` if there is no marker.
pub(super) fn with_table(readme: &str, table: &str) -> Option<String> {
    let begin = readme.find(BEGIN)?;
    let after = &readme[begin + BEGIN.len()..];
    let rest = after.find(END).map_or(after, |end| &after[end + END.len()..]);
    Some(format!("{}{BEGIN}\n{table}{END}{rest}", &readme[..begin]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_takes_the_place_of_the_old_one() {
        let table = [
            ("a\n<!-- options -->\nb\n", "a\n<!-- options -->\nT\n<!-- /options -->\nb\n"),
            (
                "a\n<!-- options -->\nold\n<!-- /options -->\nb\n",
                "a\n<!-- options -->\nT\n<!-- /options -->\nb\n",
            ),
        ];
        for (before, after) in table {
            let once = with_table(before, "T\n").unwrap();
            assert_eq!(once, after);
            assert_eq!(with_table(&once, "T\n").unwrap(), after);
        }
        assert_eq!(with_table("no marker", "T"), None);
    }
}
