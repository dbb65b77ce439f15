//! Names of folders and files made from text that came from outside.

use std::fmt::Write;

/// The folder of rows without a value, as Hive has it.
pub(crate) const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// The longest name of a folder or file that common file systems take, in bytes.
pub(crate) const MAX_NAME_BYTES: usize = 255;

/// The text as (a part of) the name of one folder or file: what Hive and Spark percent-encode
/// ([`FileUtils.escapePathName`]) is percent-encoded, so no text can name another folder.
///
/// [`FileUtils.escapePathName`]: https://github.com/apache/hive/blob/master/common/src/java/org/apache/hadoop/hive/common/FileUtils.java
pub(crate) fn escape(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_control() || "\"#%'*/:=?\\{[]^".contains(c) {
            // Writing to a text cannot fail.
            let _ = write!(name, "%{:02X}", u32::from(c));
        } else {
            name.push(c);
        }
    }
    name
}

/// `column=value`, the folder of one partition. A text that reads like the mark for null is told
/// apart from it.
pub(crate) fn partition(column: &str, value: Option<&str>) -> String {
    let value = match value {
        None => NULL_PARTITION.to_owned(),
        Some(NULL_PARTITION) => NULL_PARTITION.replacen('_', "%5F", 1),
        Some(value) => escape(value),
    };
    format!("{}={value}", escape(column))
}

/// The text as the whole name of one folder: not hidden, not special, not too long.
pub(crate) fn whole_name(text: &str) -> String {
    let mut name = escape(text);
    if name.is_empty() || name.starts_with('.') {
        name = format!("%2E{}", name.strip_prefix('.').unwrap_or(&name));
    }
    if name.len() > MAX_NAME_BYTES / 2 {
        // What is cut off still tells names apart.
        let tag = format!("~{:016x}", fnv1a(text.as_bytes()));
        let mut end = MAX_NAME_BYTES / 2 - tag.len();
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name.truncate(end);
        name.push_str(&tag);
    }
    name
}

/// [FNV-1a](https://datatracker.ietf.org/doc/html/rfc9923): the same for all time, unlike the
/// hashes of the standard library.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_one_folder() {
        for (value, folder) in [
            ("NL", "c=NL"),
            ("", "c="),
            (".", "c=."),
            ("..", "c=.."),
            ("../../etc", "c=..%2F..%2Fetc"),
            ("/", "c=%2F"),
            ("a\0b", "c=a%00b"),
            ("50%", "c=50%25"),
            ("a=b", "c=a%3Db"),
            ("line\nend", "c=line%0Aend"),
            ("Köln am Rhein", "c=Köln am Rhein"),
            (NULL_PARTITION, "c=%5F_HIVE_DEFAULT_PARTITION__"),
        ] {
            assert_eq!(partition("c", Some(value)), folder);
        }
        assert_eq!(partition("c", None), "c=__HIVE_DEFAULT_PARTITION__");
        assert_eq!(partition("a/b", Some("x")), "a%2Fb=x");
    }

    #[test]
    fn whole_names_are_never_special_and_never_too_long() {
        assert_eq!(whole_name("orders"), "orders");
        assert_eq!(whole_name(".."), "%2E.");
        assert_eq!(whole_name(""), "%2E");
        assert_eq!(whole_name("/etc"), "%2Fetc");
        let (one, other) = (whole_name(&"é".repeat(300)), whole_name(&"é".repeat(301)));
        assert!(one.len() <= MAX_NAME_BYTES / 2 && one != other);
    }
}
