//! How the connector introduces itself.

use forebay_clients::address::HostPort;
use forebay_clients::tls::ServerTls;
use forebay_core::component::{BuildContext, Claim, Component, Input, Problem, SourceComponent};
use forebay_core::units::{ByteSize, TimeSpan};

use crate::large::Largest;

use super::config::FlumeConfig;
use super::receiver::FlumeReceiver;

/// The longest `patience`: agents wait for 20 s.
const MAX_PATIENCE: TimeSpan = TimeSpan::from_secs(15);

/// The `flume` source.
#[derive(Debug)]
pub struct Flume;

impl Component for Flume {
    type Config = FlumeConfig;

    const TYPE: &'static str = "flume";

    fn check(config: &FlumeConfig) -> Vec<Problem> {
        let mut problems = config.decoding.check();
        if let Err(error) = config.listen.parse::<HostPort>() {
            problems.push(Problem::at("listen", error));
        }
        let sizes = [
            ("max_frame", config.max_frame, 1 << 10, 1 << 30),
            ("max_in_flight", config.max_in_flight, 1 << 20, u64::MAX >> 1),
        ];
        for (key, size, least, most) in sizes {
            if !(least..=most).contains(&size.0) {
                let (least, most) = (ByteSize(least), ByteSize(most));
                let text = format!("{size} is not between {least} and {most}");
                problems.push(Problem::at(key, text));
            }
        }
        problems.extend(Largest::check(config.max_event));
        if config.max_connections == 0 {
            problems.push(Problem::at("max_connections", "no connection could be accepted"));
        }
        if config.patience > MAX_PATIENCE {
            let text = format!("{} is longer than {MAX_PATIENCE}", config.patience);
            let help = "agents give up after 20 s, and send what they sent once more";
            problems.push(Problem::at("patience", text).help(help));
        }
        if config.frame_timeout.0.is_zero() {
            problems.push(Problem::at("frame_timeout", "no batch could arrive in no time"));
        }
        if config.idle_timeout.is_some_and(|idle| idle.0.is_zero()) {
            let text = "each connection would be closed at once";
            problems.push(Problem::at("idle_timeout", text).help("leave it out"));
        }
        let tls = config.tls.iter().flat_map(ServerTls::check);
        problems.extend(tls.map(|problem| problem.within("tls")));
        problems
    }

    fn claims(config: &FlumeConfig) -> Vec<Claim> {
        let at = config.listen.parse::<HostPort>().ok();
        at.and_then(|at| at.claim("tcp")).into_iter().collect()
    }
}

impl SourceComponent for Flume {
    fn build(mut config: FlumeConfig, context: &BuildContext) -> Result<Input, Problem> {
        config.decoding.load(&context.base)?;
        FlumeReceiver::new(config, context).map(|receiver| Input::Receiver(Box::new(receiver)))
    }
}
