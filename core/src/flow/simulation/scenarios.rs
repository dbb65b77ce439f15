//! The scenarios by which estimators are compared.

use std::time::Duration;

use super::{Cost, Scenario, Stream};

const INTERVAL: Duration = Duration::from_millis(500);
/// The interval in milliseconds.
const B: f64 = 500.0;
/// More than any sink takes.
const FLOOD: f64 = 1e9;

/// The scenarios by which estimators are compared. The interval is 500 ms; unless a name says
/// otherwise, a batch costs 25 ms and 0.05 ms per record, and more waits than can be taken.
#[must_use]
pub fn scenarios() -> Vec<Scenario> {
    let plain = Scenario {
        name: "",
        interval: INTERVAL,
        intervals: 160,
        change: 40,
        cost: |_| USUAL,
        noise: 0.0,
        seed: 7,
        streams: vec![flood()],
    };
    vec![
        Scenario {
            name: "sinks three times slower",
            cost: |at| if at < 40.0 { USUAL } else { slower(3.0) },
            ..plain.clone()
        },
        Scenario {
            name: "sinks three times faster",
            cost: |at| if at < 40.0 { USUAL } else { slower(1.0 / 3.0) },
            ..plain.clone()
        },
        Scenario {
            name: "sinks ever slower, 1 % per interval",
            cost: |at| slower(1.01_f64.powf((at - 40.0).max(0.0))),
            ..plain.clone()
        },
        Scenario {
            name: "idle, then a burst",
            streams: vec![Stream {
                backlog: 0.0,
                arrivals: |at| match at {
                    0..20 => 5_000.0,
                    20..60 => 10.0,
                    60..61 => 300_000.0,
                    _ => 5_000.0,
                },
                yields: None,
            }],
            change: 60,
            ..plain.clone()
        },
        Scenario { name: "noisy sinks, 25 %", noise: 0.25, ..plain.clone() },
        Scenario {
            name: "noisy sinks, 25 %, three times slower",
            noise: 0.25,
            cost: |at| if at < 40.0 { USUAL } else { slower(3.0) },
            ..plain.clone()
        },
        Scenario {
            name: "sinks stall once, for five intervals",
            cost: |at| if (40.0..41.0).contains(&at) { STALL } else { USUAL },
            ..plain.clone()
        },
        Scenario {
            name: "most of the interval is fixed cost",
            cost: |_| Cost { fixed: 0.7 * B, each: 0.01 },
            change: 1,
            ..plain.clone()
        },
        Scenario {
            name: "fixed cost above the interval",
            cost: |_| Cost { fixed: 1.5 * B, each: 0.01 },
            change: 1,
            ..plain.clone()
        },
        Scenario {
            name: "one of four splits is slow",
            streams: vec![Stream { yields: Some(50), ..flood() }, flood(), flood(), flood()],
            change: 1,
            ..plain
        },
    ]
}

const USUAL: Cost = Cost { fixed: 25.0, each: 0.05 };
const STALL: Cost = Cost { fixed: 5.0 * B, each: USUAL.each };

fn slower(factor: f64) -> Cost {
    Cost { fixed: USUAL.fixed * factor, each: USUAL.each * factor }
}

fn flood() -> Stream {
    Stream { backlog: FLOOD, arrivals: |_| 0.0, yields: None }
}
