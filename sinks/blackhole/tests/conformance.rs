//! The sink keeps the contract of all sinks.

use forebay_blackhole_sink::{Blackhole, Settings};
use forebay_core::sink::Sink;
use forebay_core::testing::sink::{Promise, check};
use forebay_core::units::TimeSpan;

#[tokio::test]
async fn the_sink_conforms() {
    let build = || -> Box<dyn Sink> {
        Box::new(Blackhole::new(Settings { latency: TimeSpan::from_millis(0) }))
    };
    check(Promise::Nothing, build, Vec::new).await.unwrap();
}
