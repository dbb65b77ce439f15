//! From files and logs.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Result, ensure};
use forebay_integration_tests::visible;

use crate::copy::{ADMIN, Copy, LONG, stop_after};

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
