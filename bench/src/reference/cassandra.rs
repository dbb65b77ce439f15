//! Orders in memory to a table of Cassandra: with the driver alone, and with the sink.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};
use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use forebay_cassandra_sink::Cassandra;
use forebay_core::batch::{Batch as Rows, Rows as Chunk};
use forebay_core::component::{BuildContext, SinkComponent};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::statement::prepared::PreparedStatement;

/// How many orders are in memory at a time.
const WINDOW: u64 = 20_000;

/// The most rows of a batch.
const TOGETHER: usize = 30;

/// The values of an order, and its write time.
type Order = (String, i64, i64, String, i32, f64, String, i64);

const SYMBOLS: [&str; 4] = ["AAPL", "GOOG", "MSFT", "NVDA"];

const INSERT: &str = "INSERT INTO bench.orders (customer, id, ts, symbol, quantity, price, side) \
                      VALUES (?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";

/// One way of writing so many orders of so many customers to the server at an address.
pub(crate) fn run(way: &str, host: &str, records: u64, customers: u64) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match way {
            "prepare" => prepare(host).await,
            "single" => single(&session(host).await?, records, customers).await,
            "batch" => batch(&session(host).await?, records, customers).await,
            "sink" => sink(host, records, customers).await,
            other => Err(anyhow!("there is no way `{other}`")),
        }
    })
}

async fn session(host: &str) -> Result<Arc<Session>> {
    Ok(Arc::new(SessionBuilder::new().known_node(host).build().await?))
}

async fn prepare(host: &str) -> Result<()> {
    let session = session(host).await?;
    for statement in [
        "CREATE KEYSPACE IF NOT EXISTS bench WITH replication = \
         {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "CREATE TABLE IF NOT EXISTS bench.orders (customer text, id bigint, ts bigint, symbol text, \
         quantity int, price double, side text, PRIMARY KEY (customer, id))",
        "TRUNCATE bench.orders",
    ] {
        session.query_unpaged(statement, ()).await?;
    }
    Ok(())
}

/// The orders with these numbers.
fn customer(number: u64, customers: u64) -> String {
    // A multiplier that is odd and far from small visits customers in no order.
    format!("customer-{}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % customers)
}

fn order(number: u64, customers: u64) -> Order {
    let id = number.cast_signed();
    (
        customer(number, customers),
        id,
        1_700_000_000_000 + id,
        SYMBOLS[(number % 4) as usize].to_owned(),
        i32::try_from(number % 1_000).unwrap_or(0),
        f64::from(u32::try_from(number % 10_000).unwrap_or(0)) / 100.0,
        if number.is_multiple_of(2) { "B" } else { "S" }.to_owned(),
        1_700_000_000_000_000 + id,
    )
}

fn windows(records: u64) -> impl Iterator<Item = std::ops::Range<u64>> {
    let window = usize::try_from(WINDOW).unwrap_or(1);
    (0..records).step_by(window).map(move |first| first..(first + WINDOW).min(records))
}

/// Each order alone, 256 at a time.
async fn single(session: &Arc<Session>, records: u64, customers: u64) -> Result<()> {
    let statement = Arc::new(session.prepare(INSERT).await?);
    let mut flying = FuturesUnordered::new();
    for number in windows(records).flatten() {
        if flying.len() >= 256 {
            flying.next().await.context("nothing is on its way")??;
        }
        let (session, statement) = (session.clone(), statement.clone());
        let order = order(number, customers);
        flying.push(async move { session.execute_unpaged(&statement, order).await });
    }
    while let Some(answer) = flying.next().await {
        answer?;
    }
    Ok(())
}

/// Orders of one customer within a window together, 64 batches at a time.
async fn batch(session: &Arc<Session>, records: u64, customers: u64) -> Result<()> {
    let statement = session.prepare(INSERT).await?;
    let batches: Vec<Arc<Batch>> = (0..=TOGETHER).map(|rows| of(&statement, rows)).collect();
    let mut flying = FuturesUnordered::new();
    for window in windows(records) {
        let mut groups: HashMap<String, Vec<Order>> = HashMap::new();
        for number in window {
            let order = order(number, customers);
            groups.entry(order.0.clone()).or_default().push(order);
        }
        for mut group in groups.into_values() {
            while !group.is_empty() {
                let rest = group.split_off(group.len().min(TOGETHER));
                let together = std::mem::replace(&mut group, rest);
                if flying.len() >= 64 {
                    flying.next().await.context("nothing is on its way")??;
                }
                let (session, batch) = (session.clone(), batches[together.len()].clone());
                flying.push(async move { session.batch(&batch, together).await });
            }
        }
    }
    while let Some(answer) = flying.next().await {
        answer?;
    }
    Ok(())
}

fn of(statement: &PreparedStatement, rows: usize) -> Arc<Batch> {
    let one = || BatchStatement::PreparedStatement(statement.clone());
    let statements = (0..rows).map(|_| one()).collect();
    Arc::new(Batch::new_with_statements(BatchType::Unlogged, statements))
}

/// The sink, with its options as they are by default.
async fn sink(host: &str, records: u64, customers: u64) -> Result<()> {
    let settings = toml::from_str(&format!("hosts = [\"{host}\"]\ntable = \"bench.orders\""))?;
    let context = BuildContext {
        name: "bench".into(),
        pipeline: "bench".into(),
        base: ".".into(),
        instance: "bench".into(),
    };
    let sink = Cassandra::build(settings, &context);
    let mut sink = sink.map_err(|problem| anyhow!(problem.message))?;
    sink.connect().await?;
    for (id, window) in (1..).zip(windows(records)) {
        let chunks = vec![Chunk { columns: columns(window, customers)?, origin: None }];
        let rows = Rows { time_ms: 1_700_000_000_000 + id * 100, ..Rows::new(id, chunks) };
        let written = sink.write(&rows).await?;
        ensure!(written.rejected.is_empty(), "rows were refused");
    }
    if let Some(observe) = sink.observe() {
        eprintln!("{}", observe.observe());
    }
    sink.close().await;
    Ok(())
}

fn columns(window: std::ops::Range<u64>, customers: u64) -> Result<RecordBatch> {
    let numbers = || window.clone();
    let columns: [(&str, ArrayRef); 7] = [
        (
            "customer",
            Arc::new(StringArray::from_iter_values(numbers().map(|it| customer(it, customers)))),
        ),
        ("id", Arc::new(Int64Array::from_iter_values(numbers().map(u64::cast_signed)))),
        (
            "ts",
            Arc::new(Int64Array::from_iter_values(
                numbers().map(|it| 1_700_000_000_000 + it.cast_signed()),
            )),
        ),
        (
            "symbol",
            Arc::new(StringArray::from_iter_values(numbers().map(|it| SYMBOLS[(it % 4) as usize]))),
        ),
        (
            "quantity",
            Arc::new(Int32Array::from_iter_values(
                numbers().map(|it| i32::try_from(it % 1_000).unwrap_or(0)),
            )),
        ),
        (
            "price",
            Arc::new(Float64Array::from_iter_values(
                numbers().map(|it| f64::from(u32::try_from(it % 10_000).unwrap_or(0)) / 100.0),
            )),
        ),
        (
            "side",
            Arc::new(StringArray::from_iter_values(
                numbers().map(|it| if it.is_multiple_of(2) { "B" } else { "S" }),
            )),
        ),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}
