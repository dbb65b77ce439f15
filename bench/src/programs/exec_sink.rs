//! Orders to a program, as lines of JSON.

use std::env;

use anyhow::Result;

use super::draining::{gateway, orders_to, reference};
use crate::measurement::{Comparison, HEAD};
use crate::options::Options;
use crate::tally::Tally;

pub(crate) fn run(options: &Options) -> Result<()> {
    println!("{HEAD}");
    let program = env::current_exe()?.display().to_string();
    let mut comparison = Comparison::default();
    for _ in 0..options.rounds {
        let scratch = options.scratch()?;
        let (folder, tally) = (scratch.path(), scratch.path().join("tally"));
        let command = [&program, "reference", "exec-peer", &tally.display().to_string()];
        let sink = format!("type = \"exec\"\ncommand = {command:?}");
        let components = orders_to(&sink, options.records);
        comparison.gateway.push(gateway(options, folder, &components)?);
        Tally::take(&tally)?.ensure("the gateway", options.records)?;
        let bare = ["orders-exec", &tally.display().to_string()];
        comparison.reference.push(reference(options, folder, &bare)?);
        Tally::take(&tally)?.ensure("the reference", options.records)?;
    }
    println!("{}", comparison.row("orders to a program, as lines of JSON", "0.7"));
    Ok(())
}
