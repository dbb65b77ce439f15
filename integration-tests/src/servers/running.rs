//! Servers that ran before the test.

use std::env;

use anyhow::{Result, anyhow};

/// The address in a variable such as `FOREBAY_TEST_KAFKA`, if it is set.
pub(super) fn address(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|address| !address.is_empty())
}

/// The refusal to do to a server that runs already what only the server's owner may do.
pub(super) fn refusal(variable: &str, what: &str) -> anyhow::Error {
    anyhow!(
        "this test needs {what}, and {variable} names a server that was not started here: run it \
         without {variable}"
    )
}

/// Refuses what needs a server of one's own.
pub(super) fn refuse(variable: &str, what: &str) -> Result<()> {
    match address(variable) {
        Some(_) => Err(refusal(variable, what)),
        None => Ok(()),
    }
}
