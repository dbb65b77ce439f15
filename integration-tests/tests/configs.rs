//! Guarantees: every file in `configs/` runs as it stands, but for ports, rates and pauses, takes
//! what is given to it, and its output arrives.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_flume_source::testing::{Agent, Fate, SparkSink, Status, event};
use forebay_integration_tests::servers::kafka::{Isolation, Message};
use forebay_integration_tests::servers::kinesis::Put;
use forebay_integration_tests::servers::{Cassandra, DynamoDb, Kafka, Kinesis, runtime};
use forebay_integration_tests::{Client, Gateway, HttpClient, binary, port, visible, wait};
use tempfile::TempDir;

const LONG: Duration = Duration::from_secs(30);

/// Every file that has a scenario below.
const COVERED: &[&str] = &[
    "blackhole",
    "exec-to-files",
    "files-to-avro",
    "files-to-csv",
    "flume-pull-to-files",
    "flume-to-files",
    "generator-to-cassandra",
    "generator-to-console",
    "generator-to-exec",
    "generator-to-http",
    "generator-to-kafka",
    "generator-to-kinesis",
    "http-to-parquet",
    "json-to-memory",
    "kafka-to-cassandra",
    "kafka-to-files",
    "kinesis-leases-to-files",
    "kinesis-to-files",
    "quickstart",
    "socket-to-files",
    "tail-to-files",
];

const ADMIN: &str = "127.0.0.1:8030";

/// A copy of one file, in a folder of its own, as deep as the original: `../data` is beside it.
struct Copy {
    folder: TempDir,
    file: PathBuf,
}

impl Copy {
    /// Copies `configs/NAME.toml` with changes, each of which must find what it replaces.
    fn new(name: &str, changes: &[(&str, &str)]) -> Result<Self> {
        let mut text = fs::read_to_string(originals().join(name).with_extension("toml"))?;
        for (from, to) in changes {
            ensure!(text.contains(from), "{name} holds no `{from}` any more");
            text = text.replace(from, to);
        }
        let folder = tempfile::Builder::new().prefix("forebay-").tempdir()?;
        fs::create_dir_all(folder.path().join("configs"))?;
        let file = folder.path().join("configs").join(name).with_extension("toml");
        fs::write(&file, text)?;
        Ok(Self { folder, file })
    }

    fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    fn start(&self) -> Result<Gateway> {
        let file = self.file.display().to_string();
        let arguments = ["run", &file, "--progress", "jsonl"];
        Gateway::start(binary::path()?, self.folder.path(), &arguments, &[])
    }

    /// Puts a file into a folder under `data`, as the comments of the configurations advise.
    fn drop_file(&self, folder: &str, name: &str, text: &str) -> Result<PathBuf> {
        let folder = self.data(folder);
        fs::create_dir_all(&folder)?;
        let (hidden, path) = (folder.join(format!(".{name}")), folder.join(name));
        fs::write(&hidden, text)?;
        fs::rename(hidden, &path)?;
        Ok(path)
    }

    /// The only visible file below a folder under `data`.
    fn only_file(&self, folder: &str) -> Result<PathBuf> {
        let mut files = visible::files(&self.data(folder))?;
        ensure!(files.len() == 1, "{folder} holds {files:?}");
        files.pop().context("no file")
    }
}

fn originals() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../configs"))
}

/// Waits for so many records and stops: what was read is then written.
fn stop_after(gateway: Gateway, records: u64) -> Result<()> {
    gateway.wait_for_more_than(records - 1, LONG)?;
    gateway.stop(LONG)
}

/// Connects as soon as somebody listens.
fn connected<T>(mut connect: impl FnMut() -> std::io::Result<T>) -> Result<T> {
    wait::until("somebody who listens", LONG, || Ok(connect().ok()))
}

#[test]
fn no_file_is_forgotten() -> Result<()> {
    let mut there = BTreeSet::new();
    for entry in fs::read_dir(originals())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let name = path.file_stem().context("a file without a name")?;
            there.insert(name.to_string_lossy().into_owned());
        }
    }
    let covered = COVERED.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(there, covered, "each file in configs/ has a scenario in this file");
    Ok(())
}

#[test]
fn quickstart() -> Result<()> {
    let changes = [
        (ADMIN, "127.0.0.1:0"),
        ("rows_per_second = 20000", "rows_per_second = 2000"),
        ("ramp_up = \"10s\"", "ramp_up = \"0s\""),
    ];
    let copy = Copy::new("quickstart", &changes)?;
    let gateway = copy.start()?;
    stop_after(gateway, 1_000)?;
    let orders = visible::values(&copy.data("quickstart/orders"))?;
    let orders: Vec<_> = orders.iter().flat_map(|(_, values)| values).collect();
    ensure!(orders.len() >= 1_000, "{} orders", orders.len());
    ensure!(orders[0]["symbol"].is_string(), "{}", orders[0]);
    Ok(())
}

#[test]
fn blackhole() -> Result<()> {
    let copy = Copy::new("blackhole", &[("count = 20000000", "count = 100000")])?;
    let gateway = copy.start()?;
    gateway.wait_for_more_than(99_999, LONG)?;
    ensure!(gateway.records()? == 100_000);
    gateway.expect_success(LONG)
}

#[test]
fn generator_to_console() -> Result<()> {
    let copy =
        Copy::new("generator-to-console", &[("rows_per_second = 5", "rows_per_second = 50")])?;
    let gateway = copy.start()?;
    gateway.wait_for_words("sensor", LONG)?;
    stop_after(gateway, 1)
}

#[test]
fn generator_to_cassandra() -> Result<()> {
    let cassandra = Cassandra::shared()?;
    let keyspace = cassandra.keyspace("config")?;
    let changes = [
        (ADMIN, "127.0.0.1:0"),
        ("127.0.0.1:9042", &*cassandra.contact_points()[0]),
        ("table = \"shop.", &*format!("table = \"{keyspace}.")),
    ];
    let copy = Copy::new("generator-to-cassandra", &changes)?;
    let gateway = copy.start()?;
    gateway.wait_for_words("there is no table", LONG)?;
    // As the file's first lines say.
    cassandra.execute(&format!(
        "CREATE TABLE {keyspace}.orders_by_customer (customer text, id bigint, ts timestamp, \
         symbol text, quantity int, price double, side text, PRIMARY KEY (customer, id))"
    ))?;
    gateway.wait_for_more_than(999, LONG)?;
    let records = {
        gateway.stop(LONG)?;
        cassandra.count(&format!("{keyspace}.orders_by_customer"))?
    };
    ensure!(records >= 1_000, "{records} orders");
    Ok(())
}

#[test]
fn kafka_to_cassandra() -> Result<()> {
    let (kafka, cassandra) = (Kafka::shared()?, Cassandra::shared()?);
    let (topic, keyspace) = (kafka.topic("config", 8)?, cassandra.keyspace("config")?);
    cassandra.execute(&format!(
        "CREATE TABLE {keyspace}.orders_by_customer (customer text, id bigint, ts timestamp, \
         symbol text, quantity int, price double, side text, PRIMARY KEY (customer, id))"
    ))?;
    let order = |id: u32| {
        let customer = format!("c-{}", id % 7);
        let value = format!(
            r#"{{"id":{id},"ts":"2026-01-31T10:00:00Z","customer":"{customer}","symbol":"ABC","quantity":3,"price":9.5,"side":"B"}}"#
        );
        Message::new(customer, value)
    };
    kafka.produce(&topic, (0..500).map(order).chain([Message::of("no order")]))?;
    let changes = [
        (ADMIN, "127.0.0.1:0"),
        ("127.0.0.1:9092", kafka.bootstrap()),
        ("[\"orders\"]\ngroup", &*format!("[\"{topic}\"]\ngroup")),
        ("127.0.0.1:9042", &*cassandra.contact_points()[0]),
        ("table = \"shop.", &*format!("table = \"{keyspace}.")),
    ];
    let copy = Copy::new("kafka-to-cassandra", &changes)?;
    let gateway = copy.start()?;
    gateway.wait_for_more_than(500, LONG)?;
    gateway.stop(LONG)?;
    let table = format!("{keyspace}.orders_by_customer");
    let rows: Vec<(i64, String, f64)> =
        cassandra.query(&format!("SELECT id, customer, price FROM {table}"))?;
    let ids: BTreeSet<i64> = rows.iter().map(|(id, ..)| *id).collect();
    ensure!(ids == (0..500).collect(), "{} orders of 500", ids.len());
    ensure!(
        rows.iter()
            .all(|(id, customer, price)| *customer == format!("c-{}", id % 7) && *price == 9.5)
    );
    Ok(())
}

#[test]
fn generator_to_kafka() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("orders", 4)?;
    let copy = Copy::new(
        "generator-to-kafka",
        &[
            (ADMIN, "127.0.0.1:0"),
            ("[\"127.0.0.1:9092\"]", &format!("[\"{}\"]", kafka.bootstrap())),
            ("topic = \"orders\"", &format!("topic = \"{topic}\"")),
        ],
    )?;
    stop_after(copy.start()?, 100)?;
    let arrived = kafka.read(&topic, Isolation::ReadCommitted)?;
    ensure!(arrived.len() >= 100, "{} records", arrived.len());
    let is_keyed = |value: &serde_json::Value, key: &[u8]| {
        value["customer"].as_str().is_some_and(|customer| customer.as_bytes() == key)
    };
    for record in arrived {
        let value = serde_json::from_slice(&record.value.context("a tombstone")?)?;
        ensure!(is_keyed(&value, &record.key.unwrap_or_default()), "{value}");
    }
    Ok(())
}

#[test]
fn generator_to_kinesis() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let stream = kinesis.stream("orders", 2)?;
    let changes = [
        (ADMIN, "127.0.0.1:0"),
        ("region = \"us-east-1\"", &*kinesis.options()),
        ("stream = \"orders\"", &*format!("stream = \"{stream}\"")),
    ];
    stop_after(Copy::new("generator-to-kinesis", &changes)?.start()?, 100)?;
    let arrived = kinesis.read(&stream)?;
    ensure!(arrived.len() >= 100, "{} records", arrived.len());
    for record in arrived {
        let value: serde_json::Value = serde_json::from_slice(&record.data)?;
        ensure!(value["customer"] == *record.key, "{value} has the key {}", record.key);
    }
    Ok(())
}

#[test]
fn kinesis_to_files() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let stream = kinesis.stream("orders", 2)?;
    let changes = [
        (ADMIN, "127.0.0.1:0"),
        ("region = \"us-east-1\"", &*kinesis.options()),
        ("stream = \"orders\"", &*format!("stream = \"{stream}\"")),
    ];
    let copy = Copy::new("kinesis-to-files", &changes)?;
    let order = |id: u32| {
        let side = if id.is_multiple_of(2) { "B" } else { "S" };
        let text = format!(
            r#"{{"id":{id},"ts":"2026-01-31T10:00:00Z","customer":"c{id}","quantity":3,"price":1.5,"side":"{side}"}}"#
        );
        Put::new(format!("c{id}"), text)
    };
    kinesis.put(&stream, (0..200).map(order))?;
    stop_after(copy.start()?, 200)?;
    let orders = visible::values(&copy.data("kinesis-to-files/orders"))?;
    let is_split = orders.iter().all(|(path, _)| path.display().to_string().contains("/side="));
    let orders: Vec<_> = orders.iter().flat_map(|(_, values)| values).collect();
    ensure!(is_split && orders.len() == 200, "{} orders", orders.len());
    ensure!(orders[0]["shard"].is_string() && orders[0]["quantity"] == 3, "{}", orders[0]);
    Ok(())
}

#[test]
fn kinesis_leases_to_files() -> Result<()> {
    let (kinesis, dynamo) = (Kinesis::shared()?, DynamoDb::shared()?);
    let (stream, table) = (kinesis.stream("orders", 2)?, dynamo.table_name("orders"));
    let endpoint = format!("table = \"{table}\"\nendpoint = \"http://{}\"", dynamo.address());
    let changes = [
        (ADMIN, "127.0.0.1:0"),
        ("region = \"us-east-1\"", &*kinesis.options()),
        ("stream = \"orders\"", &*format!("stream = \"{stream}\"")),
        ("table = \"forebay-orders\"", &*endpoint),
    ];
    let order = |id: u32| Put::new(format!("c{id}"), format!("{{\"id\":{id},\"side\":\"B\"}}"));
    kinesis.put(&stream, (0..100).map(order))?;
    let copy = Copy::new("kinesis-leases-to-files", &changes)?;
    stop_after(copy.start()?, 100)?;
    let orders = visible::values(&copy.data("kinesis-leases-to-files/orders"))?;
    ensure!(orders.iter().map(|(_, values)| values.len()).sum::<usize>() == 100, "{orders:?}");
    // The next one goes on from what the table says, wherever its checkpoint is.
    let leases = dynamo.lease_rows(&table)?;
    ensure!(leases.len() == 2 && leases.iter().all(|it| it.owner.is_none()), "{leases:?}");
    let other = Copy::new("kinesis-leases-to-files", &changes)?;
    kinesis.put(&stream, (100..110).map(order))?;
    stop_after(other.start()?, 10)?;
    let orders = visible::values(&other.data("kinesis-leases-to-files/orders"))?;
    ensure!(orders.iter().map(|(_, values)| values.len()).sum::<usize>() == 10, "{orders:?}");
    Ok(())
}

#[test]
fn files_to_avro() -> Result<()> {
    let changes = [(ADMIN, "127.0.0.1:0"), ("settle = \"1s\"", "settle = \"0s\"")];
    let copy = Copy::new("files-to-avro", &changes)?;
    let gateway = copy.start()?;
    let text = "sensor,at,celsius\nnorth,2026-01-31T10:00:00Z,21.5\n";
    let taken = copy.drop_file("files-to-avro/in", "a.csv", text)?;
    gateway.wait_for_more_than(0, LONG)?;
    gateway.stop(LONG)?;
    let bytes = fs::read(copy.only_file("files-to-avro/out")?)?;
    ensure!(bytes.starts_with(b"Obj\x01"), "no Avro file");
    ensure!(!taken.exists(), "the file that was taken is still there");
    Ok(())
}

#[test]
fn files_to_csv() -> Result<()> {
    let copy = Copy::new("files-to-csv", &[(ADMIN, "127.0.0.1:0")])?;
    let gateway = copy.start()?;
    let person = "{\"id\":1,\"name\":\"anna\",\"height\":1.72}\n";
    copy.drop_file("files-to-csv/in", "people.json", person)?;
    stop_after(gateway, 1)?;
    let text = fs::read_to_string(copy.only_file("files-to-csv/out")?)?;
    assert_eq!(text, "id,name,height\n1,anna,1.72\n");
    Ok(())
}

#[test]
fn http_to_parquet() -> Result<()> {
    let port = port::free()?;
    let changes =
        [(ADMIN, "127.0.0.1:0"), ("\"127.0.0.1:8080\"", &*format!("\"127.0.0.1:{port}\""))];
    let copy = Copy::new("http-to-parquet", &changes)?;
    let gateway = copy.start()?;
    let order = r#"{"id":1,"ts":"2026-01-31T10:00:00Z","customer":"c-7","quantity":3,"price":9.5,"side":"B"}"#;
    let mut client = connected(|| HttpClient::connect(port))?;
    assert_eq!(client.post("/orders", "application/json", order.as_bytes())?, 200);
    stop_after(gateway, 1)?;
    let path = copy.only_file("http-to-parquet/orders")?;
    ensure!(path.display().to_string().contains("/orders/side=B/"), "{}", path.display());
    ensure!(fs::read(&path)?.ends_with(b"PAR1"), "no Parquet file");
    Ok(())
}

#[test]
fn flume_pull_to_files() -> Result<()> {
    let (port, other) = (port::free()?, port::free()?);
    let changes = [
        (ADMIN, "127.0.0.1:0"),
        ("\"127.0.0.1:9988\"", &*format!("\"127.0.0.1:{port}\"")),
        ("\"127.0.0.1:9989\"", &*format!("\"127.0.0.1:{other}\"")),
    ];
    let copy = Copy::new("flume-pull-to-files", &changes)?;
    let gateway = copy.start()?;
    let fate = runtime::wait_for(async move {
        let sink = SparkSink::start((std::net::Ipv4Addr::LOCALHOST, port).into()).await?;
        let order = br#"{"id":1,"customer":"c-7","price":9.5}"#;
        let offer = sink.offer(vec![event(&[("host", "n1")], order), event(&[], b"no order")]);
        Ok(tokio::time::timeout(LONG, offer).await?)
    })?;
    ensure!(fate == Fate::Acknowledged, "{fate:?}");
    stop_after(gateway, 2)?;
    let orders = visible::values(&copy.data("flume-pull-to-files/orders"))?;
    let orders: Vec<_> = orders.iter().flat_map(|(_, values)| values).collect();
    ensure!(orders.len() == 1 && orders[0]["customer"] == "c-7", "{orders:?}");
    Ok(())
}

#[test]
fn flume_to_files() -> Result<()> {
    let port = port::free()?;
    let changes =
        [(ADMIN, "127.0.0.1:0"), ("\"127.0.0.1:4141\"", &*format!("\"127.0.0.1:{port}\""))];
    let copy = Copy::new("flume-to-files", &changes)?;
    let gateway = copy.start()?;
    let answer = runtime::wait_for(async move {
        let stream = wait::until("somebody who listens", LONG, || {
            Ok(std::net::TcpStream::connect(("127.0.0.1", port)).ok())
        })?;
        stream.set_nonblocking(true)?;
        let mut agent = Agent::new(tokio::net::TcpStream::from_std(stream)?);
        let events = [event(&[("host", "n1")], b"one"), event(&[], b"two")];
        agent.append_batch(&events).await.map_err(anyhow::Error::msg)
    })?;
    ensure!(answer == Status::Ok, "{answer:?}");
    stop_after(gateway, 2)?;
    let events = visible::values(&copy.data("flume-to-files/events"))?;
    let events: Vec<_> = events.iter().flat_map(|(_, values)| values).collect();
    ensure!(events.len() == 2 && events[0]["value"] == "one", "{events:?}");
    ensure!(events[0]["headers"]["host"] == "n1", "{events:?}");
    Ok(())
}

#[test]
fn socket_to_files() -> Result<()> {
    let port = port::free()?;
    let changes = [(ADMIN, "127.0.0.1:0"), ("127.0.0.1:9000\"", &*format!("127.0.0.1:{port}\""))];
    let copy = Copy::new("socket-to-files", &changes)?;
    let gateway = copy.start()?;
    let mut stream = connected(|| TcpStream::connect(("127.0.0.1", port)))?;
    stream.set_read_timeout(Some(LONG))?;
    stream.write_all(b"one\ntwo\n")?;
    stream.shutdown(Shutdown::Write)?;
    let mut stream = BufReader::new(stream);
    let mut answer = String::new();
    while answer != "ack 2\n" {
        answer.clear();
        ensure!(stream.read_line(&mut answer)? > 0, "the lines were not acknowledged");
    }
    stop_after(gateway, 2)?;
    let path = copy.only_file("socket-to-files/lines")?;
    ensure!(path.display().to_string().contains("/lines/date=2"), "{}", path.display());
    ensure!(fs::read(&path)?.starts_with(&[0x1f, 0x8b]), "{} is no gzip", path.display());
    Ok(())
}

#[test]
fn tail_to_files() -> Result<()> {
    let copy = Copy::new("tail-to-files", &[(ADMIN, "127.0.0.1:0")])?;
    let logs = copy.data("tail-to-files/logs");
    fs::create_dir_all(&logs)?;
    let path = logs.join("app.log");
    fs::write(&path, "2026-11-21 error\n  at main\n2026-11-21 fine\n")?;
    let gateway = copy.start()?;
    gateway.wait_for_more_than(1, LONG)?;
    fs::rename(&path, logs.join("app.log.1"))?;
    fs::write(&path, "2026-11-22 of the next file\n")?;
    stop_after(gateway, 3)?;
    let rows = visible::values(&copy.data("tail-to-files/out"))?;
    let rows: Vec<_> = rows.iter().flat_map(|(_, values)| values).collect();
    let texts: BTreeSet<_> = rows.iter().filter_map(|row| row["value"].as_str()).collect();
    let expected =
        ["2026-11-21 error\n  at main", "2026-11-21 fine", "2026-11-22 of the next file"];
    assert_eq!((rows.len(), texts), (3, expected.into()));
    ensure!(rows[0]["path"].as_str().is_some_and(|path| path.ends_with("app.log")), "{}", rows[0]);
    Ok(())
}

#[test]
fn exec_to_files() -> Result<()> {
    let changes = [(ADMIN, "127.0.0.1:0"), ("sleep 1;", "sleep 0.01;")];
    let copy = Copy::new("exec-to-files", &changes)?;
    stop_after(copy.start()?, 5)?;
    let rows = visible::values(&copy.data("exec-to-files/out"))?;
    let rows: Vec<_> = rows.iter().flat_map(|(_, values)| values).collect();
    ensure!(rows.len() >= 5 && rows[0]["one"].is_f64(), "{rows:?}");
    Ok(())
}

#[test]
fn generator_to_exec() -> Result<()> {
    let copy = Copy::new("generator-to-exec", &[(ADMIN, "127.0.0.1:0")])?;
    let gateway = copy.start()?;
    stop_after(gateway, 50)?;
    let rows = fs::read_to_string(copy.data("generator-to-exec/rows.jsonl"))?;
    ensure!(rows.lines().count() >= 50 && rows.starts_with("{\"id\":0,"), "{rows}");
    Ok(())
}

#[test]
fn generator_to_http() -> Result<()> {
    let port = port::free()?;
    let address = format!("127.0.0.1:{port}");
    let changes = [(ADMIN, "127.0.0.1:0"), ("127.0.0.1:8081", address.as_str())];
    let copy = Copy::new("generator-to-http", &changes)?;
    let gateway = copy.start()?;
    let arrived = || {
        let rows = visible::values(&copy.data("generator-to-http/orders"))?;
        Ok((rows.iter().map(|(_, rows)| rows.len()).sum::<usize>() >= 50).then_some(rows))
    };
    let rows = wait::until("rows that went by HTTP", LONG, arrived)?;
    ensure!(rows[0].1[0]["symbol"].is_string(), "{:?}", rows[0]);
    gateway.stop(LONG)
}

#[test]
fn json_to_memory() -> Result<()> {
    let copy = Copy::new("json-to-memory", &[(ADMIN, "127.0.0.1:0")])?;
    let gateway = copy.start()?;
    let mut stream = connected(|| UnixStream::connect(copy.data("json-to-memory.sock")))?;
    let event = r#"{"level":"warn","text":"hot","tags":["a","b"],"at":{"host":"n1","line":7}}"#;
    writeln!(stream, "{event}")?;
    drop(stream);
    gateway.wait_for_more_than(0, LONG)?;
    ensure!(gateway.words().contains("\"dead_letters\":0"), "{}", gateway.last_words());
    gateway.stop(LONG)
}

#[test]
fn kafka_to_files() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("orders", 3)?;
    let (brokers, topics) = (format!("{:?}", kafka.bootstrap()), format!("[\"{topic}\"]"));
    let changes = [
        (ADMIN, "127.0.0.1:0"),
        ("\"127.0.0.1:9092\"", brokers.as_str()),
        ("[\"orders\"]                 ", topics.as_str()),
    ];
    let copy = Copy::new("kafka-to-files", &changes)?;
    let order = |id: u32| {
        let text = format!(
            r#"{{"id":{id},"ts":"2026-01-31T10:00:00Z","customer":"c{id}","symbol":"ABC","quantity":3,"price":1.5,"side":"B"}}"#
        );
        Message::new(format!("c{id}"), text)
    };
    kafka.produce(&topic, (0..500).map(order))?;
    let gateway = copy.start()?;
    stop_after(gateway, 500)?;
    let orders = visible::values(&copy.data("kafka-to-files/orders"))?;
    let orders: Vec<_> = orders.iter().flat_map(|(_, values)| values).collect();
    ensure!(orders.len() == 500, "{} orders", orders.len());
    ensure!(orders[0]["timestamp"].is_string() && orders[0]["quantity"] == 3, "{}", orders[0]);
    // The lag is for other tools to see.
    let told: i64 = kafka.committed("forebay-orders", &topic)?.iter().flatten().sum();
    ensure!(told == 500, "the group was told {told}");
    Ok(())
}
