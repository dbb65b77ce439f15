//! Over HTTP.

use std::fs;

use anyhow::{Result, ensure};
use forebay_integration_tests::{Client, HttpClient, port, visible, wait};

use crate::copy::{ADMIN, Copy, LONG, connected, stop_after};

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
