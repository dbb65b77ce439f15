//! Orders posted to a server, a thousand lines of JSON at a time.

use anyhow::Result;
use bytes::Bytes;

use super::counting_server::CountingServer;
use super::draining::{gateway, orders_to, reference};
use crate::measurement::{Comparison, HEAD};
use crate::options::Options;

pub(crate) fn run(options: &Options) -> Result<()> {
    println!("{HEAD}");
    let server = CountingServer::start(|_, body, tally| {
        tally.push(body);
        Bytes::new()
    })?;
    let url = format!("{}/orders", server.url());
    let mut comparison = Comparison::default();
    for _ in 0..options.rounds {
        let scratch = options.scratch()?;
        let components = orders_to(&format!("type = \"http\"\nurl = \"{url}\""), options.records);
        comparison.gateway.push(gateway(options, scratch.path(), &components)?);
        server.counted()?.ensure("the gateway", options.records)?;
        let bare = ["orders-http", &url];
        comparison.reference.push(reference(options, scratch.path(), &bare)?);
        server.counted()?.ensure("the reference", options.records)?;
    }
    println!("{}", comparison.row("orders posted, 1000 lines of JSON each", "0.7"));
    Ok(())
}
