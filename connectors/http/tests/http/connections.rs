//! Connections: slow ones, too many, TLS, and the end of a run.

use std::path::Path;

use crate::client::{answer, exchange, is_closed, post, start};
use forebay_clients::testing::Authority;
use forebay_core::component::{Claim, Component};
use forebay_core::testing::{intake, manual_intake};
use forebay_http_source::{Http, HttpConfig};
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn a_client_that_is_slow_is_cut() {
    let (intake, mut caught) = intake();
    let running = start("header_timeout = \"100ms\"\nbody_timeout = \"100ms\"", intake).await;

    let mut silent = running.connect().await;
    assert!(is_closed(&mut silent).await);
    let mut half_a_head = running.connect().await;
    half_a_head.write_all(b"POST / HTTP/1.1\r\nhos").await.unwrap();
    assert!(is_closed(&mut half_a_head).await);

    let mut half_a_body = running.connect().await;
    let request = post("/", "", "body");
    half_a_body.write_all(&request[..request.len() - 2]).await.unwrap();
    assert_eq!(answer(&mut half_a_body).await.status, 408);
    assert!(is_closed(&mut half_a_body).await);

    assert!(caught.drain().is_empty());
    running.until(|seen| seen["connections"]["open"] == 0).await;
}

#[tokio::test]
async fn a_client_that_goes_away_in_mid_body_stores_nothing() {
    let (intake, mut caught) = intake();
    let running = start("", intake).await;
    let mut stream = running.connect().await;
    let request = post("/", "content-type: text/plain\r\n", "one\ntwo\n");
    stream.write_all(&request[..request.len() - 2]).await.unwrap();
    running.until(|seen| seen["requests"]["in_flight"] == 1).await;
    drop(stream);
    running.until(|seen| seen["connections"]["open"] == 0).await;
    assert!(caught.drain().is_empty());
}

#[tokio::test]
async fn more_connections_than_allowed_are_closed() {
    let (intake, _caught) = intake();
    let running = start("max_connections = 1", intake).await;
    let mut first = running.connect().await;
    running.until(|seen| seen["connections"]["open"] == 1).await;
    assert!(is_closed(&mut running.connect().await).await);
    assert_eq!(exchange(&mut first, &post("/", "", "x")).await.status, 200);
    drop(first);
    let seen = running.until(|seen| seen["connections"]["open"] == 0).await;
    assert_eq!(seen["connections"]["refused"], 1);
    assert_eq!(running.send(post("/", "", "x")).await.status, 200);
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let (intake, mut caught) = intake();
    let running = start("", intake).await;
    for bytes in [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), vec![b'x'; 200 << 10]] {
        let mut stream = running.connect().await;
        let _ = stream.write_all(&bytes).await;
        assert!(is_closed(&mut stream).await);
    }
    assert!(caught.drain().is_empty());
    assert_eq!(running.send(post("/", "", "x")).await.status, 200);
}

#[tokio::test]
async fn a_stop_lets_the_request_under_way_finish() {
    let (intake, mut caught) = manual_intake();
    let running = start("", intake).await;
    let mut idle = running.connect().await;
    running.until(|seen| seen["connections"]["open"] == 1).await;
    let mut stream = running.connect().await;
    let request = post("/", "", "x");
    let (answered, ()) = tokio::join!(exchange(&mut stream, &request), async {
        let arrival = caught.next().await.unwrap();
        running.stop.cancel();
        assert!(is_closed(&mut idle).await);
        arrival.answer(Ok(()));
    });
    assert_eq!(answered.status, 200);
    assert!(is_closed(&mut stream).await);
    let address = running.address;
    running.ended().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_request_whose_body_comes_after_the_stop_is_still_finished() {
    let (intake, mut caught) = intake();
    let running = start("", intake).await;
    let mut stream = running.connect().await;
    let request = post("/", "", "body");
    let (begin, end) = request.split_at(request.len() - 2);
    stream.write_all(begin).await.unwrap();
    running.until(|seen| seen["requests"]["in_flight"] == 1).await;
    running.stop.cancel();
    assert_eq!(exchange(&mut stream, end).await.status, 200);
    assert_eq!(caught.next().await.unwrap().values(), [b"body"]);
    running.ended().await;
}

#[tokio::test]
async fn tls_with_client_certificates() {
    let (ours, theirs) = (Authority::new().unwrap(), Authority::new().unwrap());
    let (intake, mut caught) = intake();
    let running = start(&ours.asking_server_option(), intake).await;
    let (good, none, wrong) = (ours.client_of(&ours), ours.client(), ours.client_of(&theirs));
    for (client, is_let_in) in [(&good, true), (&none, false), (&wrong, false)] {
        let connector = client.connector(Path::new("")).unwrap();
        let name = client.server_name("127.0.0.1").unwrap();
        let connected = connector.connect(name, running.connect().await).await;
        if is_let_in {
            let mut stream = connected.unwrap();
            assert_eq!(exchange(&mut stream, &post("/", "", "x")).await.status, 200);
            assert_eq!(caught.next().await.unwrap().values(), [b"x"]);
        } else if let Ok(mut stream) = connected {
            // With TLS 1.3 the client learns only afterwards that it was refused.
            let _ = stream.write_all(&post("/", "", "x")).await;
            let mut byte = [0];
            let read = tokio::io::AsyncReadExt::read(&mut stream, &mut byte).await;
            assert!(!matches!(read, Ok(1)));
        }
    }
    let mut plain = running.connect().await;
    let _ = plain.write_all(&post("/", "", "x")).await;
    assert!(is_closed(&mut plain).await);
    assert!(caught.drain().is_empty());
}

#[test]
fn options_are_checked_all_at_once() {
    let config: HttpConfig = toml::from_str(
        "listen = \"8080\"\npath = \"in\"\nmax_body = \"2GiB\"\nmax_expanded = \"0B\"\n\
         max_in_flight = \"1B\"\nmax_connections = 0\npatience = \"61s\"\nheader_timeout = \"0s\"\n\
         headers = [\"fine\", \"not fine\"]\nauth = { type = \"bearer\", tokens = [] }",
    )
    .unwrap();
    let found: Vec<_> =
        Http::check(&config).into_iter().map(|problem| problem.path.join(".")).collect();
    assert_eq!(
        found,
        [
            "listen",
            "path",
            "max_body",
            "max_expanded",
            "max_in_flight",
            "max_connections",
            "header_timeout",
            "patience",
            "headers.1",
            "auth.tokens",
        ]
    );
    assert_eq!(Http::claims(&config), []);
    let config: HttpConfig = toml::from_str("listen = \"127.0.0.1:8080\"").unwrap();
    assert_eq!(Http::claims(&config), [Claim::Address("tcp://127.0.0.1:8080".to_owned())]);
}

#[tokio::test]
async fn an_address_in_use_and_broken_certificates_say_so() {
    use forebay_core::component::{BuildContext, Input, SourceComponent};
    use forebay_core::receiver::ReceiverError;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("listen = \"{}\"", taken.local_addr().unwrap());
    let context = BuildContext {
        name: "in".into(),
        pipeline: "p".into(),
        base: "/nonexistent".into(),
        instance: "i".into(),
    };
    let tls = "listen = \"127.0.0.1:0\"\ntls = { cert_file = \"a.pem\", key_file = \"a.key\" }";
    for (options, is_fatal, text) in [(&*listen, false, "cannot listen"), (tls, true, "a.pem")] {
        let config: HttpConfig = toml::from_str(options).unwrap();
        let Ok(Input::Receiver(mut receiver)) = Http::build(config, &context) else {
            panic!("no receiver")
        };
        let error = receiver.run(intake().0, Default::default()).await.unwrap_err();
        assert_eq!(matches!(error, ReceiverError::Fatal(_)), is_fatal, "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn the_schema_and_the_defaults_are_whole() {
    let schema = schemars::schema_for!(HttpConfig).to_value();
    for key in ["listen", "body", "auth", "tls", "headers", "format"] {
        assert!(schema["properties"][key]["description"].is_string(), "{key}: {schema}");
    }
    let config: HttpConfig = toml::from_str("listen = \"127.0.0.1:8080\"").unwrap();
    let written = serde_json::to_value(&config).unwrap();
    let read: HttpConfig = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), written);
}
