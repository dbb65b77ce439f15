//! How the connector introduces itself.

use forebay_clients::address::HostPort;
use forebay_clients::tls::ServerTls;
use forebay_core::component::{BuildContext, Claim, Component, Input, Problem, SourceComponent};
use forebay_core::units::ByteSize;
use http::HeaderName;

use crate::config::{HttpConfig, MAX_BYTES, MAX_PATIENCE};
use crate::receiver::HttpReceiver;

/// The `http` source.
#[derive(Debug)]
pub struct Http;

impl Component for Http {
    type Config = HttpConfig;

    const TYPE: &'static str = "http";

    fn check(config: &HttpConfig) -> Vec<Problem> {
        let mut problems = config.decoding.check();
        if let Err(error) = config.listen.parse::<HostPort>() {
            problems.push(Problem::at("listen", error));
        }
        if !config.path.starts_with('/') {
            problems.push(Problem::at("path", "a path begins with `/`"));
        }
        let sizes = [
            ("max_body", config.max_body, 1, MAX_BYTES),
            ("max_expanded", config.max_expanded, 1, MAX_BYTES),
            ("max_in_flight", config.max_in_flight, 1 << 20, u64::MAX >> 1),
        ];
        for (key, size, least, most) in sizes {
            if !(least..=most).contains(&size.0) {
                let (least, most) = (ByteSize(least), ByteSize(most));
                let text = format!("{size} is not between {least} and {most}");
                problems.push(Problem::at(key, text));
            }
        }
        if config.max_connections == 0 {
            problems.push(Problem::at("max_connections", "no connection could be accepted"));
        }
        for (key, span) in
            [("header_timeout", config.header_timeout), ("body_timeout", config.body_timeout)]
        {
            if span.0.is_zero() {
                problems.push(Problem::at(key, "no request could arrive in no time"));
            }
        }
        if config.patience > MAX_PATIENCE {
            let text = format!("{} is longer than {MAX_PATIENCE}", config.patience);
            problems.push(Problem::at("patience", text));
        }
        for (index, name) in config.headers.iter().enumerate() {
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                let text = format!("`{name}` is no name of a header");
                problems.push(Problem::at(&format!("headers.{index}"), text));
            }
        }
        let tls = config.tls.iter().flat_map(ServerTls::check);
        problems.extend(tls.map(|problem| problem.within("tls")));
        if let Some(auth) = &config.auth {
            problems.extend(auth.check());
        }
        problems
    }

    fn claims(config: &HttpConfig) -> Vec<Claim> {
        let at = config.listen.parse::<HostPort>().ok();
        at.and_then(|at| at.claim("tcp")).into_iter().collect()
    }
}

impl SourceComponent for Http {
    fn build(mut config: HttpConfig, context: &BuildContext) -> Result<Input, Problem> {
        config.decoding.load(&context.base)?;
        HttpReceiver::new(config, context).map(|receiver| Input::Receiver(Box::new(receiver)))
    }
}
