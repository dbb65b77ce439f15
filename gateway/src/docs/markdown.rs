//! Tables of options in Markdown.

use std::fmt::Write;

use crate::schema::{Row, one_line};

/// A table of options.
pub(super) fn table(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "It has no options.\n".to_owned();
    }
    let mut text = "| option | takes | default | meaning |\n|---|---|---|---|\n".to_owned();
    for row in rows {
        let default = match (&row.default, row.required) {
            (_, true) => "required".to_owned(),
            (Some(default), false) => format!("`{default}`"),
            (None, false) => "-".to_owned(),
        };
        let with = row.with.as_ref().map(|with| format!("With `{with}`: ")).unwrap_or_default();
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            row.key,
            cell(&row.takes),
            cell(&default),
            cell(&format!("{with}{}", row.description)),
        );
    }
    text
}

fn cell(text: &str) -> String {
    one_line(text).replace('|', "\\|")
}
