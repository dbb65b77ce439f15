//! Ports and paths that two components want for themselves.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::{Component as Part, Path, PathBuf};

use forebay_core::component::Claim;

use super::finding::{Finding, Findings};
use super::place::Place;

/// One running instance that wants something for itself.
pub(super) struct Claimant {
    /// What it is, such as `sources.orders`.
    pub(super) who: String,
    /// The pipeline that it runs in.
    pub(super) pipeline: String,
    /// Where its name stands.
    pub(super) place: Place,
    /// Where its relative paths begin.
    pub(super) base: PathBuf,
    /// What it wants.
    pub(super) claims: Vec<Claim>,
}

/// Finds claims that exclude each other.
pub(super) fn check(claimants: &[Claimant], findings: &mut Findings) {
    let mut told = BTreeSet::new();
    for (index, second) in claimants.iter().enumerate() {
        for first in &claimants[..index] {
            if first.who == second.who && first.pipeline == second.pipeline {
                // Named twice by mistake, which is found elsewhere.
                continue;
            }
            let common = second.claims.iter().find(|theirs| {
                first.claims.iter().any(|ours| collide(ours, &first.base, theirs, &second.base))
            });
            let Some(claim) = common else { continue };
            if !told.insert((first.who.clone(), second.who.clone())) {
                continue;
            }
            let thing = match claim {
                Claim::Address(address) => format!("the address `{address}`"),
                Claim::Path(path) => format!("the path `{}`", path.display()),
            };
            let (message, help) = if first.who == second.who {
                let message = format!(
                    "`{}` needs {thing} for itself, but pipelines `{}` and `{}` both run it",
                    second.who, first.pipeline, second.pipeline
                );
                (message, "give each pipeline one of its own".to_owned())
            } else {
                let message = format!(
                    "`{}` and `{}` both need {thing} for themselves",
                    first.who, second.who
                );
                (message, format!("`{}` is at {}", first.who, findings.locate(first.place)))
            };
            findings
                .add(Finding::error("claim", second.place, message).help(help).path(&second.who));
        }
    }
}

fn collide(a: &Claim, a_base: &Path, b: &Claim, b_base: &Path) -> bool {
    match (a, b) {
        (Claim::Path(a), Claim::Path(b)) => plain(&a_base.join(a)) == plain(&b_base.join(b)),
        (Claim::Address(a), Claim::Address(b)) => same_address(a, b),
        (Claim::Path(_), Claim::Address(_)) | (Claim::Address(_), Claim::Path(_)) => false,
    }
}

/// A path without `.` and `..`, as far as the text tells.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Part::CurDir => {}
            Part::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// Whether two listening addresses cannot be had at once: the same protocol and port, and the
/// same interface or one that is all interfaces.
fn same_address(a: &str, b: &str) -> bool {
    let parts = |text: &str| {
        let (protocol, address) = text.split_once("://").unwrap_or(("tcp", text));
        // Everything that is spoken over TCP shares its ports.
        let protocol = if protocol.starts_with("http") { "tcp" } else { protocol };
        let address = address
            .strip_prefix("localhost:")
            .map_or_else(|| address.to_owned(), |port| format!("127.0.0.1:{port}"));
        (protocol.to_owned(), address)
    };
    let ((a_protocol, a), (b_protocol, b)) = (parts(a), parts(b));
    if a_protocol != b_protocol {
        return false;
    }
    match (a.parse::<SocketAddr>(), b.parse::<SocketAddr>()) {
        (Ok(a), Ok(b)) => {
            let any = |ip: IpAddr| ip.is_unspecified();
            a.port() != 0
                && a.port() == b.port()
                && (a.ip() == b.ip() || any(a.ip()) || any(b.ip()))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_be_had_at_once() {
        let table = [
            ("tcp://127.0.0.1:9000", "tcp://127.0.0.1:9000", true),
            ("tcp://0.0.0.0:9000", "tcp://127.0.0.1:9000", true),
            ("http://localhost:9000", "tcp://127.0.0.1:9000", true),
            ("127.0.0.1:9000", "tcp://127.0.0.1:9000", true),
            ("tcp://127.0.0.2:9000", "tcp://127.0.0.1:9000", false),
            ("udp://127.0.0.1:9000", "tcp://127.0.0.1:9000", false),
            ("tcp://127.0.0.1:0", "tcp://127.0.0.1:0", false),
            ("unix:///run/a", "unix:///run/a", true),
            ("unix:///run/a", "unix:///run/b", false),
        ];
        for (a, b, expected) in table {
            assert_eq!(same_address(a, b), expected, "{a} {b}");
            assert_eq!(same_address(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn paths_are_compared_from_their_bases() {
        let path = |path: &str| Claim::Path(path.into());
        let (a, b) = (Path::new("/etc/a"), Path::new("/etc/b"));
        assert!(collide(&path("../out"), a, &path("../out/."), b));
        assert!(!collide(&path("out"), a, &path("out"), b));
        assert!(collide(&path("/out"), a, &path("/out"), b));
    }
}
