//! Options, without a connection.

use std::sync::Arc;

use forebay_core::component::{BuildContext, Claim, Component, Input, SourceComponent};
use forebay_core::receiver::Receiver;
use forebay_flume_source::{Flume, FlumeConfig};

/// A receiver at an address.
pub(crate) fn build_at(listen: &str) -> Box<dyn Receiver> {
    let config = toml::from_str(&format!("listen = \"{listen}\"")).unwrap();
    let context = BuildContext {
        name: Arc::from("in"),
        pipeline: Arc::from("p"),
        base: std::env::temp_dir(),
        instance: Arc::from("i"),
    };
    match Flume::build(config, &context) {
        Ok(Input::Receiver(receiver)) => receiver,
        _ => panic!("no receiver"),
    }
}

#[test]
fn options_are_checked_all_at_once() {
    let config: FlumeConfig = toml::from_str(
        "listen = \"4141\"\nmax_frame = \"2GiB\"\nmax_in_flight = \"1B\"\nmax_connections = 0\n\
         patience = \"20s\"\nframe_timeout = \"0s\"\nidle_timeout = \"0s\"\n\
         tls = { cert_file = \"a\", key_file = \"b\", min_version = \"1.3\", max_version = \"1.2\" }",
    )
    .unwrap();
    let found: Vec<_> =
        Flume::check(&config).into_iter().map(|problem| problem.path.join(".")).collect();
    let expected = [
        "listen",
        "max_frame",
        "max_in_flight",
        "max_connections",
        "patience",
        "frame_timeout",
        "idle_timeout",
        "tls.max_version",
    ];
    assert_eq!(found, expected);
    assert_eq!(Flume::claims(&config), []);
    let config: FlumeConfig = toml::from_str("listen = \"127.0.0.1:4141\"").unwrap();
    assert_eq!(Flume::check(&config), []);
    assert_eq!(Flume::claims(&config), [Claim::Address("tcp://127.0.0.1:4141".to_owned())]);
}

#[test]
fn the_schema_and_the_defaults_are_whole() {
    let schema = schemars::schema_for!(FlumeConfig).to_value();
    for key in ["listen", "compression", "patience", "tls", "format"] {
        assert!(schema["properties"][key]["description"].is_string(), "{key}: {schema}");
    }
    let config: FlumeConfig = toml::from_str("listen = \"127.0.0.1:4141\"").unwrap();
    let written = serde_json::to_value(&config).unwrap();
    let read: FlumeConfig = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), written);
}
