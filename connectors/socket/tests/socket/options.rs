//! Options, without a socket.

use forebay_core::component::{Claim, Component};
use forebay_socket_source::{Socket, SocketConfig};

fn found(options: &str) -> Vec<String> {
    let config: SocketConfig = toml::from_str(options).unwrap();
    Socket::check(&config).into_iter().map(|problem| problem.path.join(".")).collect()
}

#[test]
fn options_are_checked_all_at_once() {
    let cases: [(&str, &[&str]); 9] = [
        ("", &[""]),
        ("listen = \"tcp://a:1\"\nconnect = \"tcp://a:1\"", &["connect"]),
        ("connect = \"udp://a:1\"", &["connect"]),
        ("listen = \"9000\"\nmax_frame = \"0B\"", &["listen", "max_frame"]),
        (
            "listen = \"udp://a:1\"\nframing = \"length-prefixed\"\nacknowledge = true",
            &["framing", "acknowledge"],
        ),
        (
            "listen = \"tcp://a:1\"\nframing = \"datagrams\"\nsocket_mode = \"999\"\nmax_connections = 0",
            &["framing", "socket_mode", "max_connections", "socket_mode"],
        ),
        (
            "connect = \"unix:///a\"\ntls = { cert_file = \"a\", key_file = \"b\" }\n\
             connect_tls = { ca_file = \"a\", key_file = \"b\" }\nreceive_buffer = \"1B\"",
            &["tls", "connect_tls", "connect_tls.key_file", "receive_buffer"],
        ),
        ("listen = \"tcp://0.0.0.0:9000\"", &[]),
        ("connect = \"tcp://localhost:9999\"\nidle_timeout = \"0s\"", &[]),
    ];
    for (options, expected) in cases {
        let mut found = found(options);
        let mut expected: Vec<_> = expected.iter().map(|path| (*path).to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found.len(), expected.len(), "{options}: {found:?}");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "{options}");
        }
    }
}

#[test]
fn what_is_listened_on_is_claimed() {
    for (options, claims) in [
        ("listen = \"tcp://0.0.0.0:9000\"", vec![Claim::Address("tcp://0.0.0.0:9000".to_owned())]),
        ("listen = \"unix:///run/a.sock\"", vec![Claim::Path("/run/a.sock".into())]),
        ("listen = \"udp://0.0.0.0:0\"", vec![]),
        ("connect = \"tcp://0.0.0.0:9000\"", vec![]),
    ] {
        assert_eq!(Socket::claims(&toml::from_str(options).unwrap()), claims, "{options}");
    }
}

#[test]
fn the_schema_and_the_defaults_are_whole() {
    let schema = schemars::schema_for!(SocketConfig).to_value();
    for key in ["listen", "connect", "framing", "tls", "connect_tls", "format"] {
        assert!(schema["properties"][key]["description"].is_string(), "{key}: {schema}");
    }
    let config: SocketConfig = toml::from_str("listen = \"tcp://127.0.0.1:9000\"").unwrap();
    let written = serde_json::to_value(&config).unwrap();
    let read: SocketConfig = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), written);
}
