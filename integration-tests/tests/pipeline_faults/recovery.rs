//! How long a gateway takes to go on.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use forebay_integration_tests::Gateway;

/// What takes a second may take longer on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(90);

/// Has the gateway write more, and says how long that took from now on.
pub(crate) fn recovers(gateway: &Gateway, fault: &str) -> Result<()> {
    let begun = Instant::now();
    gateway.wait_for_more_than(gateway.records()?, LONG).with_context(|| fault.to_owned())?;
    println!("{fault}: it went on after {:?}", begun.elapsed());
    Ok(())
}
