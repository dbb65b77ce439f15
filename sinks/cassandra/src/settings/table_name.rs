//! The name of a table.

use std::fmt;
use std::str::FromStr;

/// A keyspace and a table, as the server knows them: without quotes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableName {
    /// The keyspace.
    pub keyspace: String,
    /// The table.
    pub table: String,
}

impl FromStr for TableName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is no table: write keyspace.table");
        let (keyspace, rest) = word(text).ok_or_else(wrong)?;
        let (table, rest) = rest.strip_prefix('.').and_then(word).ok_or_else(wrong)?;
        if rest.is_empty() { Ok(Self { keyspace, table }) } else { Err(wrong()) }
    }
}

/// A name at the beginning of a text, and the rest.
fn word(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut name = String::new();
        let mut rest = quoted;
        loop {
            let (part, after) = rest.split_once('"')?;
            name.push_str(part);
            match after.strip_prefix('"') {
                Some(after) => {
                    name.push('"');
                    rest = after;
                }
                None => return (!name.is_empty()).then_some((name, after)),
            }
        }
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    (!name.is_empty()).then(|| (name.to_ascii_lowercase(), rest))
}

/// A name as it stands in a statement: always in quotes.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.keyspace, self.table)
    }
}

#[cfg(test)]
mod tests {
    use super::{TableName, quoted};

    #[test]
    fn names_are_read_as_cql_reads_them() {
        for (text, keyspace, table) in [
            ("shop.orders", "shop", "orders"),
            ("Shop.Orders_2", "shop", "orders_2"),
            ("shop.\"OrdersByDay\"", "shop", "OrdersByDay"),
            ("\"a.b\".\"c\"\"d\"", "a.b", "c\"d"),
        ] {
            let name: TableName = text.parse().unwrap();
            assert_eq!((name.keyspace.as_str(), name.table.as_str()), (keyspace, table), "{text}");
        }
        for text in ["", "orders", "shop.", ".orders", "a.b.c", "a b.c", "\"a.b", "a.\"\"", "a.b "]
        {
            assert!(text.parse::<TableName>().is_err(), "{text}");
        }
    }

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
