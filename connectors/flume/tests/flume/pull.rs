//! Polling a sink.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use forebay_core::component::{BuildContext, Component, Input, Observe, SourceComponent};
use forebay_core::journal::{Intake, Refused};
use forebay_core::receiver::Receiver;
use forebay_core::testing::receiver::check_enveloped;
use forebay_core::testing::{intake, manual_intake, observed};
use forebay_flume_source::testing::{Fate, SparkSink, event};
use forebay_flume_source::{FlumePull, FlumePullConfig};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

fn build(addresses: &[SocketAddr], options: &str) -> Box<dyn Receiver> {
    let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    let config: FlumePullConfig =
        toml::from_str(&format!("addresses = {addresses:?}\n{options}")).unwrap();
    assert_eq!(FlumePull::check(&config), []);
    let context = BuildContext {
        name: Arc::from("in"),
        pipeline: Arc::from("p"),
        base: std::env::temp_dir(),
        instance: Arc::from("i"),
    };
    match FlumePull::build(config, &context) {
        Ok(Input::Receiver(receiver)) => receiver,
        _ => panic!("no receiver"),
    }
}

async fn sink() -> SparkSink {
    SparkSink::start(([127, 0, 0, 1], 0).into()).await.unwrap()
}

/// A receiver that runs until it is stopped.
struct Running {
    state: Arc<dyn Observe>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    fn start(addresses: &[SocketAddr], options: &str, intake: Intake) -> Self {
        let mut receiver = build(addresses, options);
        let state = receiver.observe().unwrap();
        let stop = CancellationToken::new();
        let token = stop.clone();
        let task = tokio::spawn(async move { receiver.run(intake, token).await.unwrap() });
        Self { state, stop, task }
    }

    async fn until(&self, is_so: impl Fn(&Value) -> bool) {
        observed(&*self.state, is_so).await;
    }

    async fn until_error(&self, text: &str) {
        self.until(|seen| seen["last_error"].as_str().is_some_and(|it| it.contains(text))).await;
    }

    async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(10), self.task).await.unwrap().unwrap();
    }
}

fn events(bodies: &[&str]) -> Vec<Vec<u8>> {
    bodies.iter().map(|body| event(&[("k", "v")], body.as_bytes())).collect()
}

#[tokio::test]
async fn the_receiver_conforms() {
    let sink = Arc::new(sink().await);
    let address = sink.address();
    let client = |_: Value, records: Vec<Vec<u8>>| {
        let sink = Arc::clone(&sink);
        async move {
            let events = records.iter().map(|body| event(&[], body)).collect();
            match sink.offer(events).await {
                Fate::Acknowledged => Ok(()),
                fate => Err(format!("{fate:?}")),
            }
        }
    };
    let body = |event: &[u8]| event[if event[1] < 0x80 { 2 } else { 3 }..].to_vec();
    let build = || build(&[address], "max_frame = \"32KiB\"\nsink_timeout = \"1s\"");
    check_enveloped(build, client, body, 40_000).await.unwrap();
}

#[tokio::test]
async fn a_batch_is_acknowledged_only_when_it_is_stored() {
    let sink = sink().await;
    let (intake, mut caught) = manual_intake();
    let running = Running::start(&[sink.address()], "", intake);
    let batch = events(&["one", "two"]);
    let (fate, ()) = tokio::join!(sink.offer(batch.clone()), async {
        let arrival = caught.next().await.unwrap();
        assert_eq!(arrival.values(), batch);
        assert_eq!(*arrival.chunk.peer, sink.address().to_string());
        running.until(|seen| seen["batches"]["in_flight"] == 1 && seen["batches"]["ok"] == 0).await;
        arrival.answer(Ok(()));
    });
    assert_eq!(fate, Fate::Acknowledged);
    // An empty batch is one too.
    assert_eq!(sink.offer(Vec::new()).await, Fate::Acknowledged);
    running.until(|seen| seen["batches"]["ok"] == 2 && seen["connections"]["waiting"] == 1).await;
    running.end().await;
}

#[tokio::test]
async fn what_cannot_be_kept_is_given_back() {
    let sink = sink().await;
    let (intake, mut caught) = manual_intake();
    let running = Running::start(&[sink.address()], "", intake);
    let (fate, ()) = tokio::join!(sink.offer(events(&["one"])), async {
        let failed = Refused::Failed("no space left on device".to_owned());
        caught.next().await.unwrap().answer(Err(failed));
    });
    assert_eq!(fate, Fate::GivenBack);
    running.until_error("no space left").await;
    let (fate, _) = tokio::join!(sink.offer(events(&["one"])), caught.values(1));
    assert_eq!(fate, Fate::Acknowledged);
    // Over the same connection.
    running.until(|seen| seen["connections"]["total"] == 1).await;
    running.end().await;
}

#[tokio::test]
async fn without_room_a_batch_is_given_back_in_time() {
    let sink = sink().await;
    let (intake, mut caught) = intake();
    caught.fill();
    let running = Running::start(&[sink.address()], "sink_timeout = \"1s\"", intake);
    assert_eq!(sink.offer(events(&["one"])).await, Fate::GivenBack);
    caught.make_room();
    assert_eq!(sink.offer(events(&["one"])).await, Fate::Acknowledged);
    running.until(|seen| seen["batches"]["late"] == 0).await;
    running.end().await;
}

#[tokio::test]
async fn an_acknowledgement_after_the_time_is_counted() {
    let sink = sink().await;
    let (intake, mut caught) = manual_intake();
    let running = Running::start(&[sink.address()], "sink_timeout = \"1s\"", intake);
    let (_, ()) = tokio::join!(sink.offer(events(&["one"])), async {
        let arrival = caught.next().await.unwrap();
        tokio::time::sleep(Duration::from_millis(1100)).await;
        arrival.answer(Ok(()));
    });
    running.until(|seen| seen["batches"]["late"] == 1).await;
    running.end().await;
}

#[tokio::test]
async fn a_sink_that_goes_away_is_connected_to_again() {
    let first = sink().await;
    let address = first.address();
    let (intake, mut caught) = intake();
    let running = Running::start(&[address], "", intake);
    assert_eq!(first.offer(events(&["one"])).await, Fate::Acknowledged);
    drop(first);
    running.until_error(&address.to_string()).await;
    let second = SparkSink::start(address).await.unwrap();
    assert_eq!(second.offer(events(&["two"])).await, Fate::Acknowledged);
    assert_eq!(caught.values(2).await, events(&["one", "two"]));
    running.end().await;
}

#[tokio::test]
async fn an_error_of_a_sink_is_said_and_it_is_asked_again() {
    let sink = sink().await;
    let (intake, mut caught) = intake();
    let running = Running::start(&[sink.address()], "", intake);
    let failing = sink.fail("the channel is closed");
    let (_, ()) = tokio::join!(
        async { tokio::time::timeout(Duration::from_millis(500), failing).await },
        running.until_error("the channel is closed")
    );
    assert_eq!(sink.offer(events(&["one"])).await, Fate::Acknowledged);
    assert_eq!(caught.values(1).await, events(&["one"]));
    running.end().await;
}

#[tokio::test]
async fn several_sinks_and_connections_are_polled_at_once() {
    let (one, other) = (sink().await, sink().await);
    let (intake, mut caught) = manual_intake();
    let addresses = [one.address(), other.address()];
    let running = Running::start(&addresses, "connections = 2", intake);
    running.until(|seen| seen["connections"]["waiting"] == 4).await;
    let offers = async {
        tokio::join!(
            one.offer(events(&["1"])),
            one.offer(events(&["2"])),
            other.offer(events(&["3"]))
        )
    };
    let (fates, ()) = tokio::join!(offers, async {
        // All three wait for the journal at the same time.
        let mut arrivals = Vec::new();
        for _ in 0..3 {
            arrivals.push(caught.next().await.unwrap());
        }
        arrivals.into_iter().for_each(|arrival| arrival.answer(Ok(())));
    });
    assert_eq!(fates, (Fate::Acknowledged, Fate::Acknowledged, Fate::Acknowledged));
    running.end().await;
}

#[test]
fn options_are_checked_all_at_once() {
    let found = |options: &str| -> Vec<String> {
        let config: FlumePullConfig = toml::from_str(options).unwrap();
        FlumePull::check(&config).into_iter().map(|problem| problem.path.join(".")).collect()
    };
    let options = "addresses = [\"a:1\", \"a\", \"b:0\", \"a:1\"]\nbatch = 0\nconnections = 65\n\
                   max_frame = \"1B\"\nsink_timeout = \"10ms\"";
    let expected = [
        "addresses.1",
        "addresses.2",
        "addresses.3",
        "batch",
        "connections",
        "max_frame",
        "sink_timeout",
    ];
    assert_eq!(found(options), expected);
    assert_eq!(found("addresses = []"), ["addresses"]);
    assert_eq!(found("addresses = [\"a:1\", \"b:1\"]"), Vec::<String>::new());
    let schema = schemars::schema_for!(FlumePullConfig).to_value();
    for key in ["addresses", "batch", "connections", "sink_timeout", "format"] {
        assert!(schema["properties"][key]["description"].is_string(), "{key}: {schema}");
    }
}

#[tokio::test]
async fn a_probe_shakes_hands_and_takes_no_batch() {
    let sink = sink().await;
    let offered = sink.offer(events(&["one"]));
    let probing = async {
        let probed = build(&[sink.address()], "").probe().await;
        assert!(probed.is_well(), "{probed:?}");
        let names: Vec<_> = probed.steps().iter().map(|step| &*step.name).collect();
        assert_eq!(names, ["name", "port", "protocol"]);
    };
    tokio::select! {
        fate = offered => panic!("the batch is taken: {fate:?}"),
        () = probing => {}
    }
    // Something else than a sink.
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = other.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = other.accept().await {
            use tokio::io::AsyncWriteExt;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let probed = build(&[sink.address(), address], "").probe().await;
    assert!(!probed.is_well());
    assert_eq!(probed.steps().last().unwrap().name, "protocol", "{probed:?}");
}

#[tokio::test]
async fn what_is_too_large_is_set_aside_or_given_back() {
    let large = event(&[], &[b'x'; 1500]);
    for (options, expected) in
        [("", Fate::Acknowledged), ("large_events = \"refuse\"", Fate::GivenBack)]
    {
        let sink = sink().await;
        let (intake, mut caught) = intake();
        let options = format!("max_event = \"1KiB\"\n{options}");
        let running = Running::start(&[sink.address()], &options, intake);
        assert_eq!(sink.offer(vec![large.clone()]).await, expected);
        running.until_error("max_event").await;
        running.until(|seen| seen["oversize"] == 1).await;
        let parts: Vec<u8> = caught.drain().iter().flat_map(|it| it.values().concat()).collect();
        assert_eq!(parts == large, expected == Fate::Acknowledged);
        running.end().await;
    }
}
