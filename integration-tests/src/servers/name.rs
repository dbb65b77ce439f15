//! Names that no other test has.

/// A name that no other test has, nor an earlier run against the same server: valid for topics,
/// groups, keyspaces and tables. `what` is the part that people read: lower case letters, digits
/// and `_`, a letter first.
#[must_use]
pub fn unique(what: &str) -> String {
    const LENGTH: usize = 10;
    let rest: String = (0..LENGTH).map(|_| fastrand::lowercase()).collect();
    format!("{what}_{rest}")
}
